//! Finds what somebody meant who typed a name wrong.

/// `: did you mean …?` with the nearest of `known`, or `: there are …` when there are only a few; else nothing.
pub(crate) fn did_you_mean<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> String {
    const SHORT_LIST: usize = 6;
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    let nearest = known
        .iter()
        .map(|name| (distance(typed, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= (name.chars().count().max(4) / 3).min(3));
    match nearest {
        Some((_, name)) => format!(": did you mean `{name}`?"),
        None if known.is_empty() || known.len() > SHORT_LIST => String::new(),
        None if known.len() == 1 => format!(": there is only {}", quoted(&known)),
        None => format!(": there are {}", quoted(&known)),
    }
}

/// `a`, `b` and `c`, each in backticks.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let mut text = String::new();
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            text.push_str(if position + 1 == names.len() {
                " and "
            } else {
                ", "
            });
        }
        text.push('`');
        text.push_str(name.as_ref());
        text.push('`');
    }
    text
}

/// How many letters must be added, dropped, exchanged or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 64;
    let left: Vec<char> = left.chars().take(LONGEST).collect();
    let right: Vec<char> = right.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let exchanged = at(&above, column) + usize::from(letter != other);
            let mut best = exchanged
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            let is_swap = row > 0
                && column > 0
                && left.get(row - 1) == Some(other)
                && right.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}
