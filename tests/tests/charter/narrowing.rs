//! A market's choice: whatever is inside the grant is accepted, whatever is outside is refused.

use kairos::charter::Charter;
use proptest::prelude::*;

use crate::changed;

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
