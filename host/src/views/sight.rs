//! What markets may see of a customer: what is central or their own, as far as the customer lets them use it (C33).

use crate::charter::{Charter, Field, Market, MarketIx, PurposeIx};
use crate::clock::Instant;
use crate::customer::consent::Use;
use crate::customer::{Consent, Customer};
use crate::event::Markets;
use crate::ids::Key;

/// One customer before the eyes of whoever speaks for these markets; who speaks for all of them sees everything.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) charter: &'a Charter,
    pub(super) customer: &'a Customer,
    pub(super) markets: &'a Markets,
    pub(super) now: Instant,
}

impl<'a> Sight<'a> {
    pub(super) fn is_whole(self) -> bool {
        *self.markets == Markets::All
    }

    /// Whether what is a market's own is seen.
    pub(super) fn shows_market(self, market: Key) -> bool {
        speak_for(self.markets, market)
    }

    /// Whether a statement counts in one of the markets.
    pub(super) fn shows_consent(self, said: &Consent) -> bool {
        let counts_in = |market: &Market| {
            said.market.is_none_or(|of| of == market.key)
                && said.brand.is_none_or(|of| of == market.brand_key)
        };
        self.is_whole() || self.own().any(|(_, market)| counts_in(market))
    }

    /// Whether one of the markets may read a field, as its policy may.
    pub(super) fn shows_field(self, field: &Field) -> bool {
        let is_open_to = |own: MarketIx| field.market.is_none_or(|of| of == own);
        self.is_whole()
            || self
                .own()
                .any(|(own, market)| is_open_to(own) && self.allows(market, field.purpose))
    }

    /// Whether one of the markets may use what rests on all of these purposes.
    pub(super) fn shows_use(self, purposes: &[PurposeIx]) -> bool {
        let may = |market| purposes.iter().all(|of| self.allows(market, *of));
        self.is_whole() || self.own().any(|(_, market)| may(market))
    }

    fn allows(self, market: &Market, purpose: PurposeIx) -> bool {
        self.customer.consents.allow(Use {
            charter: self.charter,
            market,
            purpose,
            channel: None,
            residence: self.customer.residence(self.charter),
            now: self.now,
        })
    }

    /// The markets that are named and that the charter has.
    fn own(self) -> impl Iterator<Item = (MarketIx, &'a Market)> {
        let named = match self.markets {
            Markets::All => &[],
            Markets::Some(named) => named.as_slice(),
        };
        named.iter().filter_map(move |name| {
            let own = *self.charter.names.markets.get(name)?;
            Some((own, self.charter.market(own, self.now)))
        })
    }
}

/// Whether the market of that key is among these.
pub(super) fn speak_for(markets: &Markets, market: Key) -> bool {
    match markets {
        Markets::All => true,
        Markets::Some(named) => named.iter().any(|name| Key::of("market", name) == market),
    }
}
