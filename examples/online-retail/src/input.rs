//! Files as lines: plain or gzip, each line with its number and of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::LINE_BYTES;

/// Why an input could not be read whole.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("`{name}` cannot be opened")]
    NotOpened { name: String, source: io::Error },
    #[error("`{name}` cannot be read after line {line}; it may be cut short")]
    Broken {
        name: String,
        line: u64,
        source: io::Error,
    },
    #[error(
        "`{name}` has no column `{column}` in its first line; expected InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    )]
    NoColumn { name: String, column: &'static str },
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a file, or standard input for `-`.
pub fn open(path: &Path) -> Result<Box<dyn Read>, Unreadable> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(source) => Err(Unreadable::NotOpened {
            name: path.display().to_string(),
            source,
        }),
    }
}

/// Hands each line to `take`, with its number from 1 and without its end; a line that is too long comes as `None`.
pub fn read_lines(
    name: &str,
    input: impl Read,
    mut take: impl FnMut(u64, Option<&[u8]>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut number = 0;
    let broken = |line| {
        move |source| Unreadable::Broken {
            name: name.to_owned(),
            line,
            source,
        }
    };
    let mut plain = BufReader::new(input);
    let zipped = plain.fill_buf().map_err(broken(0))?.starts_with(&GZIP);
    let mut lines: Box<dyn BufRead + '_> = if zipped {
        Box::new(BufReader::new(MultiGzDecoder::new(plain)))
    } else {
        Box::new(plain)
    };
    let mut line = Vec::new();
    while let Some(length) = next_line(&mut lines, &mut line).map_err(broken(number))? {
        number += 1;
        take(number, (length == Length::Fits).then_some(&line))?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Length {
    Fits,
    TooLong,
}

fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<Length>> {
    line.clear();
    let bound = LINE_BYTES as u64 + 1;
    if lines.by_ref().take(bound).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() > LINE_BYTES {
        lines.skip_until(b'\n')?;
        return Ok(Some(Length::TooLong));
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(Length::Fits))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn check(input: &[u8], expected: &[Option<&str>]) {
        let mut seen = Vec::new();
        read_lines("test", input, |number, line| {
            assert_eq!(number, seen.len() as u64 + 1);
            seen.push(line.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            seen,
            expected
                .iter()
                .map(|line| line.map(str::to_owned))
                .collect::<Vec<_>>()
        );
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn a_line_without_end_is_skipped_and_the_rest_is_read() {
        let mut input = b"a\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', 3 * LINE_BYTES));
        input.extend(b"\nb\n");
        check(&input, &[Some("a"), None, Some("b")]);
    }

    #[test]
    fn a_gzip_that_was_cut_is_an_error_and_not_an_end() {
        let mut gzip = zipped(b"a\nb\n");
        gzip.truncate(gzip.len() - 9);
        let cut = read_lines("cut.gz", gzip.as_slice(), |_, _| Ok(()));
        assert!(matches!(cut, Err(Unreadable::Broken { .. })));
    }

    #[test]
    fn gzip_is_recognized_by_its_content() {
        check(&zipped(b"a\r\nb"), &[Some("a"), Some("b")]);
    }

    #[test]
    fn several_gzip_members_are_one_input() {
        let mut input = zipped(b"a\n");
        input.extend(zipped(b"b\n"));
        check(&input, &[Some("a"), Some("b")]);
    }

    #[test]
    fn an_empty_input_has_no_lines_and_an_empty_line_is_one() {
        check(b"", &[]);
        check(b"\n", &[Some("")]);
    }
}
