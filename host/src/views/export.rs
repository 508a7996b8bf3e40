//! Everything that the host knows of a customer, for the customer: what stands in the state, and every record.

use serde_json::{Value as Json, json};

use crate::event::Markets;
use crate::evidence::{self, Opened};
use crate::ids::{CustomerId, Text};
use crate::keys::Subject;
use crate::node::Node;
use crate::store::Position;
use crate::views::Lookup;
use crate::views::look::{CustomerView, Unseen, show_decision, told};
use crate::views::sight::speak_for;

/// The name and version of what is written.
const FORMAT: &str = "kairos-customer-export";
const VERSION: u32 = 1;

impl Node {
    /// Everything that is known of a customer, as far as these markets may see it: of the records, their own. `None` when nobody
    /// whom they ever heard of is known by that name. Times are in UTC, and positions lead to the records in the log.
    pub async fn export(
        &self,
        lookup: Lookup,
        markets: &Markets,
    ) -> Result<Option<CustomerView>, Unseen> {
        let Some((version, shown)) = self.known_to(lookup, markets).await? else {
            return Ok(None);
        };
        let mut theirs = version.value.merged.clone();
        theirs.push(version.value.id);
        let mut records = Vec::new();
        for position in self.records_of(&version).await? {
            records.extend(self.record(position, &theirs, markets)?);
        }
        let json = json!({
            "format": FORMAT,
            "version": VERSION,
            "exported": self.clock().wall().to_string(),
            "markets": match markets {
                Markets::All => vec!["*"],
                Markets::Some(own) => own.iter().map(Text::as_str).collect(),
            },
            "customer": self.show_customer(&version, markets),
            "merged": version.value.merged.iter().map(CustomerId::to_string).collect::<Vec<_>>(),
            "records": records,
        });
        Ok(Some(CustomerView { json, shown }))
    }

    /// `None` for what was recorded in another market.
    fn record(
        &self,
        position: Position,
        theirs: &[CustomerId],
        markets: &Markets,
    ) -> Result<Option<Json>, Unseen> {
        let bytes = self.store().log().read(position)?.bytes;
        let header = evidence::open_header(&bytes)?;
        if !speak_for(markets, header.market) {
            return Ok(None);
        }
        // What somebody else did is theirs to ask for, although a name of this customer went over to them by it.
        if let Subject::Customer(about) = header.seal.key
            && !theirs.contains(&about)
        {
            return Ok(Some(
                json!({ "position": position.as_u64(), "of": "somebody else", "took": "a name of this customer" }),
            ));
        }
        let opened = match evidence::open(&bytes, self.cache()) {
            Err(gone) if gone.is_gone() => {
                return Ok(Some(
                    json!({ "position": position.as_u64(), "gone": gone.to_string() }),
                ));
            }
            opened => self.part_of(opened?, markets)?,
        };
        let Opened { header, body, .. } = &opened;
        let decisions = body.decisions.iter();
        let decisions = decisions.map(|decided| show_decision(&opened, decided));
        Ok(Some(json!({
            "position": position.as_u64(),
            "at": header.at.to_string(),
            "market": body.event.market,
            "event": told(body),
            "decisions": decisions.collect::<Vec<_>>(),
        })))
    }
}
