//! What is sent: which events, about whom, to which markets.

/// A kind of load.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    pub kind: Kind,
    pub customers: Customers,
    /// With 0, all of it goes to the United Kingdom; otherwise to `m0`, `m1` and so on in turn.
    pub markets: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A moment: the market's policy is asked.
    Order,
    /// Master data that change: nobody is asked.
    Signal,
}

/// Whom it is about.
#[derive(Clone, Copy, Debug)]
pub enum Customers {
    /// So many, in turn.
    Turn(u64),
    /// So many, in an order that looks like chance.
    Uniform(u64),
    /// Somebody new with every event.
    New,
}

impl Traffic {
    /// Orders in the United Kingdom.
    pub fn orders(customers: Customers) -> Self {
        Self {
            kind: Kind::Order,
            customers,
            markets: 0,
        }
    }

    /// Event number so-and-so.
    pub fn event(&self, number: u64) -> String {
        let customer = match self.customers {
            Customers::Turn(customers) => number % customers,
            Customers::Uniform(customers) => scattered(number) % customers,
            Customers::New => number,
        };
        match self.kind {
            Kind::Order => order(number, customer),
            Kind::Signal => signal(number, customer),
        }
    }

    /// Where it is sent.
    pub fn path(&self, number: u64) -> String {
        match self.markets {
            0 => "/v1/markets/gb/events".to_owned(),
            markets => format!("/v1/markets/m{}/events", number % markets),
        }
    }

    /// The request with that event, whole.
    pub fn write(&self, number: u64, request: &mut Vec<u8>) {
        let (path, body) = (self.path(number), self.event(number));
        request.clear();
        request.extend_from_slice(
            format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cloudevents+json\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
    }
}

/// An order of a shop: the same size as in the real data's median.
fn order(number: u64, customer: u64) -> String {
    let customer = customer + 1;
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"load-{number}\",\"source\":\"shop/gb\",\"type\":\"order.placed\",\
         \"subject\":\"crm:{customer}\",\"time\":\"2010-12-01T08:26:00Z\",\"channel\":\"web\",\"data\":{{\"order\":\"{number}\",\
         \"total\":{{\"amount\":\"139.12\",\"currency\":\"GBP\"}},\"skus\":[\"85123A\",\"71053\",\"84406B\",\"84029G\"],\
         \"quantities\":[6,6,8,6]}}}}"
    )
}

fn signal(number: u64, customer: u64) -> String {
    let customer = customer + 1;
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"load-{number}\",\"source\":\"crm\",\"type\":\"customer.changed\",\
         \"subject\":\"crm:{customer}\",\"time\":\"2010-12-01T08:26:00Z\",\"channel\":\"web\",\
         \"data\":{{\"language\":\"en\",\"country\":\"GB\"}}}}"
    )
}

/// Mixes the bits of a number (the end of SplitMix64).
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
