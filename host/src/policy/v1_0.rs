//! Policies built for `kairos:policy@1.0`: the binding, and the translation between its words and the host's.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker,
    Lower, TypedFunc,
};
use wasmtime::{Engine, Store};

use crate::charter::Limits;
use crate::clock::{Instant, Span};
use crate::context::{Context, Reading, Signal, TimedValue};
use crate::ids::Text;
use crate::limits::{LIST_ITEMS, PARAMETERS, POLICY_TEXT_BYTES, PROPOSALS};
use crate::policy::manifest::{self, Manifest};
use crate::policy::sandbox::{self, Bounds, Run, clipped};
use crate::policy::{Answer, Consultation, Decision, Fault, Proposal, Refused, Timing};
use crate::value::{Kind, Value};

use bindings::exports::kairos::policy::policy as wit;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "market-policy",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

/// The most event kinds that a proposal may name to cancel it.
const CANCEL_ON: usize = 32;

type Describe = TypedFunc<(), (wit::Manifest,)>;
type Decide<'a> = TypedFunc<Question<'a>, Reply>;
type Question<'a> = (wit::Event<'a>, wit::Context<'a>);
type Reply = (Result<wit::Decision, String>,);

/// A compiled policy on one core, ready to be instantiated.
pub(super) struct Policy {
    policy: InstancePre<Bounds>,
    describe: ComponentExportIndex,
    decide: ComponentExportIndex,
}

impl Policy {
    /// Takes the functions of `interface`, as the component spells it, and checks their types.
    pub(super) fn new(
        engine: &Engine,
        component: &Component,
        interface: &str,
    ) -> Result<Self, Refused> {
        let policy = Linker::new(engine)
            .instantiate_pre(component)
            .map_err(|failure| Refused::DoesNotFit(failure.into()))?;
        let describe = typed::<(), (wit::Manifest,)>(&policy, interface, "describe")?;
        let decide = typed::<Question<'_>, Reply>(&policy, interface, "decide")?;
        Ok(Self {
            policy,
            describe,
            decide,
        })
    }

    /// Asks the policy what it is.
    pub(super) fn describe(&self, limits: &Limits) -> Result<Manifest, Fault> {
        let called = sandbox::call(&self.policy, limits, |store, instance| {
            let describe: Describe = checked(store, instance, self.describe)?;
            let (manifest,) = describe.call(store, ())?;
            Ok(manifest)
        });
        called.outcome.map(Manifest::from)
    }

    /// Asks the policy what to do.
    pub(super) fn decide(
        &self,
        limits: &Limits,
        known: &Manifest,
        signal: &Signal,
        context: &Context,
    ) -> Consultation {
        let Run {
            outcome,
            fuel,
            micros,
        } = sandbox::call(&self.policy, limits, |store, instance| {
            let decide: Decide<'_> = checked(store, instance, self.decide)?;
            let lists = text_lists(signal, context);
            let mut lists = lists.iter();
            let data: Vec<_> = signal
                .data
                .iter()
                .map(|datum| datum.as_ref().map(|value| lower(value, &mut lists)))
                .collect();
            let readings: Vec<_> = context
                .readings
                .iter()
                .map(|reading| lower_reading(reading, &mut lists))
                .collect();
            let event = lower_signal(signal, &data);
            let context = lower_context(context, &readings);
            let (decision,) = decide.call(store, (event, context))?;
            Ok(decision)
        });
        let answer = outcome.and_then(|decision| match decision {
            Ok(decision) => lift(decision, known),
            Err(why) => Err(Fault::Declined { why: clipped(&why) }),
        });
        Consultation {
            answer: answer.map_or_else(Answer::Fault, Answer::Decision),
            fuel,
            micros,
        }
    }
}

/// An exported function whose type `typed` checked when the policy was loaded: every instance of a component has the same.
#[expect(unsafe_code, reason = "walking all types again costs every decision")]
fn checked<P, R>(
    store: &mut Store<Bounds>,
    instance: &Instance,
    index: ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let function = instance.get_func(store, index);
    let function = function.ok_or_else(|| wasmtime::format_err!("the function is gone"))?;
    // SAFETY: `Policy::new` is the only place that makes an index, with the types that it is used with.
    Ok(unsafe { TypedFunc::new_unchecked(function) })
}

/// Finds an exported function and checks its type.
fn typed<P, R>(
    policy: &InstancePre<Bounds>,
    interface: &str,
    function: &'static str,
) -> Result<ComponentExportIndex, Refused>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let component = policy.component();
    let wrong = |source: wasmtime::Error| Refused::WrongType {
        interface: Text::new(interface),
        function,
        source: source.into(),
    };
    let (_, exported) = component
        .get_export(None, interface)
        .ok_or_else(|| wrong(wasmtime::format_err!("the interface is not exported")))?;
    match component.get_export(Some(&exported), function) {
        Some((ComponentItem::ComponentFunc(found), index)) => {
            found
                .typecheck::<P, R>(&policy.instance_type())
                .map_err(wrong)?;
            Ok(index)
        }
        _ => Err(wrong(wasmtime::format_err!("the function is missing"))),
    }
}

/// The texts of every list of texts, in the order in which [`lower`] meets them.
fn text_lists<'a>(signal: &'a Signal, context: &'a Context) -> Vec<Vec<&'a str>> {
    let data = signal.data.iter().flatten();
    let known = context.readings.iter().filter_map(|reading| match reading {
        Reading::Known(stamped) | Reading::Stale(stamped) => Some(&stamped.value),
        Reading::Unknown | Reading::Withheld => None,
    });
    data.chain(known)
        .filter_map(|value| match value {
            Value::Texts(texts) => Some(texts.iter().map(Text::as_str).collect()),
            _ => None,
        })
        .collect()
}

type TextLists<'a> = std::slice::Iter<'a, Vec<&'a str>>;

fn lower<'a>(value: &'a Value, lists: &mut TextLists<'a>) -> wit::ValueParam<'a> {
    match value {
        Value::Flag(flag) => wit::ValueParam::Flag(*flag),
        Value::Integer(integer) => wit::ValueParam::Integer(*integer),
        Value::Number(number) => wit::ValueParam::Number(*number),
        Value::Text(text) => wit::ValueParam::Text(text),
        Value::Instant(instant) => wit::ValueParam::Instant(instant.millis()),
        Value::Texts(_) => wit::ValueParam::Texts(lists.next().map_or(&[], Vec::as_slice)),
        Value::Integers(integers) => wit::ValueParam::Integers(integers),
    }
}

fn lower_reading<'a>(reading: &'a Reading, lists: &mut TextLists<'a>) -> wit::Reading<'a> {
    let mut lower_stamped = |stamped: &'a TimedValue| wit::Stamped {
        value: lower(&stamped.value, lists),
        as_of: stamped.as_of.millis(),
    };
    match reading {
        Reading::Known(stamped) => wit::Reading::Known(lower_stamped(stamped)),
        Reading::Stale(stamped) => wit::Reading::Stale(lower_stamped(stamped)),
        Reading::Unknown => wit::Reading::Unknown,
        Reading::Withheld => wit::Reading::Withheld,
    }
}

fn lower_signal<'a>(signal: &'a Signal, data: &'a [Option<wit::ValueParam<'a>>]) -> wit::Event<'a> {
    wit::Event {
        moment: signal.moment,
        channel: signal.channel.as_deref(),
        occurred_at: signal.occurred_at.millis(),
        data,
    }
}

fn lower_context<'a>(context: &'a Context, readings: &'a [wit::Reading<'a>]) -> wit::Context<'a> {
    wit::Context {
        now: context.now.millis(),
        utc_offset: context.utc_offset,
        market: &context.market,
        language: &context.language,
        draw: context.draw,
        readings,
    }
}

fn lift(decision: wit::Decision, known: &Manifest) -> Result<Decision, Fault> {
    match decision {
        wit::Decision::Hold(reason) => Ok(Decision::Hold {
            reason: declared(&reason, known)?,
        }),
        wit::Decision::Act(proposals) if proposals.is_empty() => Err(nonsense(
            "it acts without a proposal: it should hold, for a reason",
        )),
        wit::Decision::Act(proposals) => {
            at_most(PROPOSALS, proposals.len(), "proposals")?;
            proposals
                .into_iter()
                .map(|proposal| lift_proposal(proposal, known))
                .collect::<Result<_, _>>()
                .map(Decision::Act)
        }
    }
}

fn lift_proposal(proposal: wit::Proposal, known: &Manifest) -> Result<Proposal, Fault> {
    at_most(PARAMETERS, proposal.parameters.len(), "parameters")?;
    at_most(
        CANCEL_ON,
        proposal.cancel_on.len(),
        "kinds of events that cancel",
    )?;
    if !proposal.score.is_finite() {
        return Err(nonsense("a score that is not a number"));
    }
    Ok(Proposal {
        action: text(&proposal.action)?,
        channel: text(&proposal.channel)?,
        timing: lift_timing(proposal.timing)?,
        lapses_after: proposal.lapses_after.map(Span::from_millis),
        key: proposal.key.as_deref().map(text).transpose()?,
        parameters: proposal
            .parameters
            .into_iter()
            .map(|parameter| Ok((text(&parameter.name)?, lift_value(parameter.value)?)))
            .collect::<Result<_, Fault>>()?,
        cancel_on: proposal
            .cancel_on
            .iter()
            .map(|event| text(event))
            .collect::<Result<_, _>>()?,
        score: proposal.score,
        reason: declared(&proposal.reason, known)?,
    })
}

fn lift_timing(timing: wit::Timing) -> Result<Timing, Fault> {
    const MINUTES_OF_A_DAY: u32 = 24 * 60;
    match timing {
        wit::Timing::Now => Ok(Timing::Now),
        wit::Timing::After(millis) => Ok(Timing::After(Span::from_millis(millis))),
        wit::Timing::At(millis) => Ok(Timing::At(Instant::from_millis(millis))),
        wit::Timing::Local(wit::LocalTime { minute, .. }) if minute >= MINUTES_OF_A_DAY => {
            Err(nonsense(&format!("minute {minute} of a day")))
        }
        wit::Timing::Local(wit::LocalTime { days, minute }) => Ok(Timing::Local { days, minute }),
    }
}

fn lift_value(value: wit::ValueResult) -> Result<Value, Fault> {
    Ok(match value {
        wit::ValueResult::Flag(flag) => Value::Flag(flag),
        wit::ValueResult::Integer(integer) => Value::Integer(integer),
        wit::ValueResult::Number(number) if !number.is_finite() => {
            return Err(nonsense("a parameter that is not a number"));
        }
        wit::ValueResult::Number(number) => Value::Number(number),
        wit::ValueResult::Text(found) => Value::Text(text(&found)?),
        wit::ValueResult::Instant(millis) => Value::Instant(Instant::from_millis(millis)),
        wit::ValueResult::Texts(texts) => {
            at_most(LIST_ITEMS, texts.len(), "texts in a list")?;
            Value::Texts(
                texts
                    .iter()
                    .map(|one| text(one))
                    .collect::<Result<_, _>>()?,
            )
        }
        wit::ValueResult::Integers(integers) => {
            at_most(LIST_ITEMS, integers.len(), "integers in a list")?;
            Value::Integers(integers.into())
        }
    })
}

fn declared(code: &str, known: &Manifest) -> Result<Text, Fault> {
    match known.reason(code) {
        Some(reason) => Ok(reason.code.clone()),
        None => Err(nonsense(&format!(
            "reason `{}` is not in its manifest",
            clipped(code)
        ))),
    }
}

fn text(text: &str) -> Result<Text, Fault> {
    at_most(POLICY_TEXT_BYTES, text.len(), "bytes in a text")?;
    Ok(Text::new(text))
}

fn at_most(most: usize, found: usize, what: &str) -> Result<(), Fault> {
    if found > most {
        return Err(nonsense(&format!("{found} {what}, at most {most}")));
    }
    Ok(())
}

fn nonsense(what: &str) -> Fault {
    Fault::Nonsense {
        what: clipped(what),
    }
}

impl From<wit::Manifest> for Manifest {
    fn from(manifest: wit::Manifest) -> Self {
        Self {
            name: manifest.name.into(),
            version: manifest.version.into(),
            owner: manifest.owner.into(),
            worst_case: manifest.worst_case.into(),
            moments: manifest.moments.into_iter().map(lift_moment).collect(),
            reasons: manifest.reasons.into_iter().map(lift_reason).collect(),
        }
    }
}

fn lift_moment(moment: wit::Moment) -> manifest::Moment {
    manifest::Moment {
        name: moment.name.into(),
        data: moment.data.into_iter().map(lift_input).collect(),
        reads: moment.reads.into_iter().map(lift_input).collect(),
        proposes: moment
            .proposes
            .into_iter()
            .map(|may| manifest::MayPropose {
                action: may.action.into(),
                channels: may.channels.into_iter().map(Text::from).collect(),
            })
            .collect(),
    }
}

fn lift_input(input: wit::Input) -> manifest::Input {
    manifest::Input {
        name: input.name.into(),
        kind: match input.kind {
            wit::Kind::Flag => Kind::Flag,
            wit::Kind::Integer => Kind::Integer,
            wit::Kind::Number => Kind::Number,
            wit::Kind::Text => Kind::Text,
            wit::Kind::Instant => Kind::Instant,
            wit::Kind::Texts => Kind::Texts,
            wit::Kind::Integers => Kind::Integers,
        },
        required: input.required,
    }
}

fn lift_reason(reason: wit::Reason) -> manifest::Reason {
    manifest::Reason {
        code: reason.code.into(),
        sentences: reason
            .sentences
            .into_iter()
            .map(|sentence| manifest::Sentence {
                language: sentence.language.into(),
                text: sentence.text.into(),
            })
            .collect(),
    }
}
