//! Who is speaking: what a token, or open mode, lets a caller say.

use crate::ids::Text;

/// Who is speaking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    pub name: Text,
    pub roles: Roles,
    pub markets: Markets,
    pub voice: Voice,
}

/// As which source of the charter a caller speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Voice {
    /// Whichever source the event names: open mode.
    Any,
    One(Text),
    /// It may send no events.
    None,
}

/// For which markets a caller speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Markets {
    All,
    Some(Vec<Text>),
}

/// What a caller may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Decide,
    Policy,
    Charter,
    Approve,
    Customer,
    Consent,
    Erase,
    Evidence,
    Operate,
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Roles(u16);

impl Caller {
    /// The caller of open mode: everything, as any source.
    pub fn open() -> Self {
        Self {
            name: Text::new_static("open"),
            roles: Role::ALL.into_iter().collect(),
            markets: Markets::All,
            voice: Voice::Any,
        }
    }

    /// Who shows no token: nothing.
    pub fn nobody() -> Self {
        Self {
            name: Text::new_static("nobody"),
            roles: Roles::default(),
            markets: Markets::Some(Vec::new()),
            voice: Voice::None,
        }
    }

    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    pub fn speaks_for(&self, market: &str) -> bool {
        match &self.markets {
            Markets::All => true,
            Markets::Some(markets) => markets.iter().any(|own| own == market),
        }
    }
}

impl Role {
    pub const ALL: [Self; 9] = [
        Self::Decide,
        Self::Policy,
        Self::Charter,
        Self::Approve,
        Self::Customer,
        Self::Consent,
        Self::Erase,
        Self::Evidence,
        Self::Operate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Policy => "policy",
            Self::Charter => "charter",
            Self::Approve => "approve",
            Self::Customer => "customer",
            Self::Consent => "consent",
            Self::Erase => "erase",
            Self::Evidence => "evidence",
            Self::Operate => "operate",
        }
    }

    /// `None` for a name that is no role's.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl Roles {
    pub fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        Self(
            roles
                .into_iter()
                .fold(0, |set, role| set | (1 << role as u16)),
        )
    }
}
