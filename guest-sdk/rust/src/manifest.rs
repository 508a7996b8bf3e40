//! What a policy says about itself, as constants; our macros write them.

use crate::bindings::exports::kairos::policy::policy as wit;

/// Why something is proposed or held: an enum made by [`reasons!`](crate::reasons).
pub trait Reason: Copy {
    /// For machines and figures.
    fn code(self) -> &'static str;
    #[doc(hidden)]
    const ALL: &'static [ReasonText];
}

/// A reason's code, and its sentence in each language.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReasonText {
    pub code: &'static str,
    pub sentences: &'static [(&'static str, &'static str)],
}

#[doc(hidden)]
#[derive(Debug)]
pub struct InputText {
    pub name: &'static str,
    pub kind: wit::Kind,
    pub required: bool,
}

#[doc(hidden)]
#[derive(Debug)]
pub struct MomentText {
    pub name: &'static str,
    pub data: &'static [InputText],
    pub reads: &'static [InputText],
    /// Actions, each with its channels.
    pub proposes: &'static [(&'static str, &'static [&'static str])],
}

#[doc(hidden)]
#[derive(Debug)]
pub struct ManifestText {
    pub name: &'static str,
    pub version: &'static str,
    pub owner: &'static str,
    pub worst_case: &'static str,
    pub moments: &'static [MomentText],
    pub reasons: &'static [ReasonText],
}

/// A market's policy; made by [`policy!`](crate::policy).
pub trait Policy {
    #[doc(hidden)]
    const MANIFEST: ManifestText;
    #[doc(hidden)]
    fn decide(event: &wit::Event, context: &wit::Context) -> Result<wit::Decision, String>;
}

/// A policy as the component exports it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<P>(core::marker::PhantomData<P>);

impl<P: Policy> wit::Guest for Exported<P> {
    fn describe() -> wit::Manifest {
        P::MANIFEST.to_wit()
    }

    fn decide(event: wit::Event, context: wit::Context) -> Result<wit::Decision, String> {
        P::decide(&event, &context)
    }
}

impl ManifestText {
    fn to_wit(&self) -> wit::Manifest {
        wit::Manifest {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            owner: self.owner.to_owned(),
            worst_case: self.worst_case.to_owned(),
            moments: self.moments.iter().map(MomentText::to_wit).collect(),
            reasons: self.reasons.iter().map(ReasonText::to_wit).collect(),
        }
    }
}

impl MomentText {
    fn to_wit(&self) -> wit::Moment {
        wit::Moment {
            name: self.name.to_owned(),
            data: self.data.iter().map(InputText::to_wit).collect(),
            reads: self.reads.iter().map(InputText::to_wit).collect(),
            proposes: self
                .proposes
                .iter()
                .map(|(action, channels)| wit::MayPropose {
                    action: (*action).to_owned(),
                    channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
                })
                .collect(),
        }
    }
}

impl InputText {
    fn to_wit(&self) -> wit::Input {
        wit::Input {
            name: self.name.to_owned(),
            kind: self.kind,
            required: self.required,
        }
    }
}

impl ReasonText {
    fn to_wit(&self) -> wit::Reason {
        wit::Reason {
            code: self.code.to_owned(),
            sentences: self
                .sentences
                .iter()
                .map(|&(language, text)| wit::Sentence {
                    language: language.to_owned(),
                    text: text.to_owned(),
                })
                .collect(),
        }
    }
}
