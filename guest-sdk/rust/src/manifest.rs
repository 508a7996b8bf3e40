//! What a policy says about itself, as constants; our macros write them.

use crate::contract as wit;

/// Why something is proposed or held: an enum made by [`reasons!`](crate::reasons).
pub trait Reason: Copy {
    /// For machines and figures.
    fn code(self) -> &'static str;
    #[doc(hidden)]
    const ALL: &'static [wit::Reason];
}

/// A market's policy; made by [`policy!`](crate::policy).
pub trait Policy {
    #[doc(hidden)]
    const MANIFEST: wit::Manifest;
    #[doc(hidden)]
    fn decide(event: &wit::Event<'_>, context: &wit::Context<'_>) -> Result<wit::Decision, String>;
}
