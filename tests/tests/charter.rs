//! The charter: what loads, what is refused, and in which words.

use std::path::Path;

use kairos::charter::Charter;

#[test]
fn the_retail_charter_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retail/charter");
    let charter = Charter::load(&folder).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert_eq!(charter.markets.len(), 5);
}
