//! A market's choice: whatever is inside the grant is accepted, whatever is outside is refused.

use kairos::charter::{Charter, Frame, Needs};
use kairos::clock::Span;
use proptest::prelude::*;

use crate::{changed, complaints, gifts};

const BETWEEN: &str = "parameters.missing.between = [10, 500]";
const SHARE: &str = "parameters.skus.required   = true";
const ONE_OF: &str = "parameters.tier.one-of     = [\"none\", \"silver\"]";
const AT_MOST: &str = "parameters.skus.at-most    = 2";
const LAPSES: &str = "lapses                     = \"2d\"";

/// Whether the choice is accepted; if not, it must be for widening, with the charter's own line.
fn accepts(from: &str, to: &str) -> bool {
    match Charter::compile(&changed("markets/de.toml", from, to)) {
        Ok(_) => true,
        Err(complaints) => {
            let all = complaints.to_string();
            let widens = all.contains("is wider than") && all.contains("in charter.toml:");
            assert!(widens, "refused for another reason: {all}");
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    // A24, C20: the frame is data, and no choice of a market leaves it.
    #[test]
    fn whole_bounds_only_narrow(low in -50_i64..1_050, length in 0_i64..1_100) {
        let high = low + length;
        let accepted = accepts(BETWEEN, &format!("parameters.missing.between = [{low}, {high}]"));
        prop_assert_eq!(accepted, low >= 0 && high <= 1_000);
    }

    #[test]
    fn fractional_bounds_only_narrow(low in -0.2_f64..0.6, length in 0.0_f64..0.6) {
        let high = low + length;
        let accepted = accepts(SHARE, &format!("parameters.share.between = [{low:?}, {high:?}]"));
        prop_assert_eq!(accepted, low >= 0.0 && high <= 0.5);
    }

    #[test]
    fn lists_only_narrow(chosen in prop::sample::subsequence(vec!["none", "silver", "gold", "platinum"], 1..=4)) {
        // The fallback of this market proposes the tier `none`, so it stays.
        prop_assume!(chosen.contains(&"none"));
        let accepted = accepts(ONE_OF, &format!("parameters.tier.one-of = {chosen:?}"));
        prop_assert_eq!(accepted, !chosen.contains(&"platinum"));
    }

    #[test]
    fn lengths_only_narrow(most in 1_usize..8) {
        prop_assert_eq!(accepts(AT_MOST, &format!("parameters.skus.at-most = {most}")), most <= 3);
    }

    #[test]
    fn lapses_only_narrow(hours in 1_u32..400) {
        prop_assert_eq!(accepts(LAPSES, &format!("lapses = \"{hours}h\"")), hours <= 7 * 24);
    }
}

/// Whether another line of `[actions.cart_reminder]` or of the whole choice is accepted; if not, it must be for widening.
fn takes(from: &str, to: &str) -> bool {
    let complaints = complaints(&gifts("markets/de.toml", from, to));
    let widens = complaints.contains("is wider than") && complaints.contains("in charter.toml:");
    assert!(
        complaints == "accepted" || widens,
        "refused for another reason: {complaints}"
    );
    complaints == "accepted"
}

/// One choice for [`takes`], and what the market then has.
fn taken(from: &str, to: &str) -> Option<Charter> {
    takes(from, to).then(|| Charter::compile(&gifts("markets/de.toml", from, to)).unwrap())
}

fn reminder(charter: &Charter) -> &Frame {
    let de = charter.markets.at(charter.names.markets["de"]);
    de.frame(charter.names.actions["cart_reminder"]).unwrap()
}

/// Whether contacts at these minutes keep to a cap; whole days are days of the calendar.
fn keeps(cap: (u32, u64), contacts: &[u64]) -> bool {
    let (at_most, minutes) = cap;
    let counted = |now: u64, then: u64| match minutes % 1_440 {
        0 => then / 1_440 + minutes / 1_440 > now / 1_440,
        _ => then + minutes > now,
    };
    contacts.iter().all(|now| {
        let within = contacts
            .iter()
            .filter(|then| *then <= now && counted(*now, **then));
        within.count() <= at_most as usize
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    // B10, C20, C22: later at the earliest, earlier at the latest.
    #[test]
    fn delays_only_narrow(min in 0_u64..100, max in 0_u64..100) {
        prop_assume!(min <= max);
        let files = |text: &str| text.replace(r#"delay.max                   = "2d""#, &format!("delay.max = \"{max}h\""));
        let central = |text: &str| text.replace(r#"delay      = { min = "0s", max = "3d" }"#, r#"delay = { min = "20h", max = "3d" }"#);
        let mut all = gifts("markets/de.toml", r#"delay.min                   = "75m""#, &format!("delay.min = \"{min}h\""));
        (all[0].1, all[1].1) = (central(&all[0].1), files(&all[1].1));
        match Charter::compile(&all) {
            Ok(charter) => {
                let delay = reminder(&charter).delay;
                prop_assert!(delay.min >= Span::from_millis(20 * 3_600_000) && delay.max.unwrap() <= Span::from_days(3));
                prop_assert!(min >= 20 && max <= 72);
            }
            Err(complaints) => {
                prop_assert!(min < 20 || max > 72, "{complaints}");
                prop_assert!(complaints.to_string().contains("is wider than"));
            }
        }
    }

    // A29, A30: fewer in an hour, cheaper in a day.
    #[test]
    fn reach_and_budget_only_narrow(reach in 1_u32..10_000, spend in 0_i64..200_000) {
        let charter = taken("reach                       = 1000", &format!("reach = {reach}"));
        prop_assert_eq!(charter.is_some(), reach <= 5_000);
        prop_assert!(charter.is_none_or(|charter| reminder(&charter).reach == Some(reach)));
        prop_assert_eq!(takes("actions-per-day = 20_000", &format!("spend-per-day = {spend}")), spend <= 100_000);
    }

    // A28: nothing acts by itself that a person must approve, and no second one waits where one does.
    #[test]
    fn automation_and_what_waits_only_narrow(automation in 0_usize..3, central in 0_usize..3, pending in 0_usize..3) {
        let words = ["auto", "approval", "never"];
        let mut files = gifts("markets/de.toml", r#"automation                  = "approval""#, &format!("automation = \"{}\"", words[automation]));
        files[0].1 = files[0].1.replacen("automation = \"auto\"\nreach      = 5000", &format!("automation = \"{}\"\nreach = 5000", words[central]), 1);
        prop_assert_eq!(complaints(&files) == "accepted", automation >= central);
        let pending_words = ["both", "replace", "keep"];
        prop_assert_eq!(takes(r#"pending                     = "keep""#, &format!("pending = \"{}\"", pending_words[pending])), pending >= 1);
    }

    // C22: no law's need for consent is lowered.
    #[test]
    fn consent_only_narrows(chosen in 0_usize..5, law in 0_usize..5) {
        let word = |needs: usize| Needs::WORDS[needs].0;
        let mut files = gifts("markets/de.toml", r#"marketing = "confirmed""#, &format!("marketing = \"{}\"", word(chosen)));
        files[0].1 = files[0].1.replacen(r#"marketing.email = { needs = "confirmed", kind"#, &format!("marketing.all = {{ needs = \"{}\", kind", word(law)), 1);
        prop_assert_eq!(complaints(&files) == "accepted", chosen >= law);
    }

    // A33, D17: no minute is open that charter.toml closes.
    #[test]
    fn hours_only_narrow(stretches in prop::collection::vec((0_u16..7, 0_u16..96, 1_u16..96), 1..4)) {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let clock = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let mut entries = Vec::new();
        let mut taken_days = Vec::new();
        for (day, from, length) in &stretches {
            if taken_days.contains(day) { continue }
            taken_days.push(*day);
            entries.push(format!("{{ days = \"{}\", from = \"{}\", to = \"{}\" }}", days[usize::from(*day)], clock(*from), clock((from + length).min(96))));
        }
        let charter = taken(r#"hours = [{ days = "mon-sat", from = "08:00", to = "20:00" }]"#, &format!("hours = [{}]", entries.join(", ")));
        let inside = stretches.iter().zip(0..).filter(|((day, ..), at)| stretches.iter().position(|(other, ..)| other == day) == Some(*at))
            .all(|((_, from, length), _)| *from >= 28 && (from + length).min(96) <= 88);
        prop_assert_eq!(charter.is_some(), inside);
    }

    // A21: a cap of a market is only refused where the charter's says more already, whatever is sent when.
    #[test]
    fn a_cap_that_is_refused_would_have_held_nothing_back(
        at_most in 1_u32..4, hours in 1_u64..240, chosen_at_most in 1_u32..5, chosen_hours in 1_u64..240, whole in any::<(bool, bool)>(),
        contacts in prop::collection::vec(0_u64..30_000, 1..40),
    ) {
        let (hours, chosen_hours) = (if whole.0 { hours.div_ceil(24) * 24 } else { hours }, if whole.1 { chosen_hours.div_ceil(24) * 24 } else { chosen_hours });
        let mut files = gifts("markets/de.toml", r#"caps                        = [{ at-most = 1, per = "7d" }]"#, &format!("caps = [{{ at-most = {chosen_at_most}, per = \"{chosen_hours}h\" }}]"));
        files[0].1 = files[0].1.replacen(r#"caps       = [{ at-most = 1, per = "3d" }]"#, &format!("caps = [{{ at-most = {at_most}, per = \"{hours}h\" }}]"), 1);
        let (granted, chosen) = ((at_most, hours * 60), (chosen_at_most, chosen_hours * 60));
        match Charter::compile(&files) {
            Ok(charter) => prop_assert!(reminder(&charter).caps.iter().any(|cap| (cap.at_most, cap.per.millis() / 60_000) == granted)),
            Err(_) => {
                let mut sent: Vec<u64> = Vec::new();
                let mut times = contacts.clone();
                times.sort_unstable();
                for time in times {
                    sent.push(time);
                    if !keeps(granted, &sent) { sent.pop(); }
                }
                prop_assert!(keeps(chosen, &sent), "{:?} {:?} {:?}", granted, chosen, sent);
            }
        }
    }

    // A36, A44: lower limits, fewer languages, fewer moments.
    #[test]
    fn limits_and_lists_only_narrow(
        fuel in 1_u64..4_000_000, violations in 1_u32..40, languages in prop::sample::subsequence(vec!["de", "en", "tr"], 1..=3),
        moments in prop::sample::subsequence(vec!["page_viewed", "cart_left", "big_spender", "company_warm"], 0..=4),
    ) {
        prop_assert_eq!(takes("fuel = 1_000_000", &format!("fuel = {fuel}, violations = {violations}")), fuel <= 2_000_000 && violations <= 20);
        prop_assert_eq!(takes(r#"languages = ["de"]"#, &format!("languages = {languages:?}")), !languages.contains(&"tr"));
        let mut files = gifts("markets/de.toml", r#"moments   = ["page_viewed", "cart_left"]"#, &format!("moments = {moments:?}"));
        files[1].1 = files[1].1.replace("cart_left   = \"hold\"\n", "");
        let (kept, _) = files[1].1.split_once("[fallback]").unwrap();
        files[1].1 = kept.to_owned();
        prop_assert_eq!(complaints(&files) == "accepted", !moments.contains(&"company_warm"));
    }
}

// C27: what one market chooses changes no other.
#[test]
fn a_market_changes_its_own_alone() {
    let before = Charter::compile(&gifts("markets/de.toml", "", "")).unwrap();
    let after = Charter::compile(&gifts(
        "markets/de.toml",
        "reach                       = 1000",
        "reach = 7",
    ))
    .unwrap();
    for (index, market) in before.markets.iter() {
        let same = format!("{market:?}") == format!("{:?}", after.markets.at(index));
        assert_eq!(same, market.name != "de", "{}", market.name);
    }
    assert_eq!(
        format!("{:?}", before.actions),
        format!("{:?}", after.actions)
    );
}
