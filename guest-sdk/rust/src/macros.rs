//! The three declarations of a policy: its reasons, its moments, itself.

/// Declares why a policy acts or holds: an enum, each case with a code and a sentence in each language.
///
/// ```
/// kairos_sdk::reasons! {
///     /// Why we act, and why not.
///     pub enum Why {
///         PointsEarned = "points_earned" { "en" => "You earned points.", "de" => "Sie haben Punkte gesammelt." },
///         NoCustomer = "no_customer" { "en" => "We do not know who this is." },
///     }
/// }
/// ```
#[macro_export]
macro_rules! reasons {
    (
        $(#[$meta:meta])*
        $vis:vis enum $reasons:ident {
            $($(#[$of:meta])* $reason:ident = $code:literal { $($language:literal => $sentence:literal),+ $(,)? }),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis enum $reasons {
            $($(#[$of])* $reason,)+
        }

        impl $crate::Reason for $reasons {
            const ALL: &'static [$crate::contract::Reason] = &[
                $($crate::contract::Reason {
                    code: $crate::Str::of($code),
                    sentences: $crate::contract::List::of(&[$($crate::contract::Sentence {
                        language: $crate::Str::of($language),
                        text: $crate::Str::of($sentence),
                    }),+]),
                }),+
            ];

            fn code(self) -> &'static str {
                match self {
                    $(Self::$reason => $code,)+
                }
            }
        }
    };
}

/// Declares a moment: what the policy sees of the event, what it knows, and what it may propose. It becomes a struct with a
/// field for each input, and a method for each action that starts a proposal.
///
/// - In `data`, `T` is required and `Option<T>` is not; in `reads`, `T` is required (known and fresh, or the policy is not
///   asked) and `Reading<T>` is not. `T` is `Flag`, `Integer`, `Money`, `Number`, `Text`, `Instant`, `Texts` or `Integers`.
/// - An input whose charter name is no Rust name says it: `consent: Reading<Text> = "consent.marketing.email"`.
/// - The first channel of an action is the one that a proposal takes when it does not say another.
///
/// ```
/// use kairos_sdk::prelude::*;
///
/// kairos_sdk::moment! {
///     /// An order is paid.
///     struct OrderPlaced: "order_placed" {
///         data { order: Text, total: Money, gift_wrap: Option<Flag> = "de.gift_wrap" }
///         reads { points: Reading<Integer>, days: Integer = "setting.review_days" }
///         proposes { thank_you_banner by [web], review_request by [email] }
///     }
/// }
/// ```
///
/// What was not declared is not there: "no field `points` on type `&OrderPlaced<'_>`", says the compiler.
///
/// ```compile_fail,E0609
/// use kairos_sdk::prelude::*;
///
/// kairos_sdk::moment! {
///     struct OrderPlaced: "order_placed" {
///         data { total: Money }
///         reads {}
///         proposes {}
///     }
/// }
///
/// fn order_placed(order: &OrderPlaced<'_>) -> i64 {
///     order.points
/// }
/// ```
#[macro_export]
macro_rules! moment {
    (
        $(#[$meta:meta])*
        $vis:vis struct $moment:ident: $name:literal {
            data { $($(#[$dmeta:meta])* $datum:ident: $dtype:ty $(= $dname:literal)?),* $(,)? }
            reads { $($(#[$rmeta:meta])* $read:ident: $rtype:ty $(= $rname:literal)?),* $(,)? }
            proposes { $($action:ident by [$first:ident $(, $channel:ident)* $(,)?]),* $(,)? }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $moment<'a> {
            $($(#[$dmeta])* $vis $datum: <$dtype as $crate::input::Datum>::Given<'a>,)*
            $($(#[$rmeta])* $vis $read: <$rtype as $crate::input::Read>::Given<'a>,)*
            /// When, where and for whom it is decided.
            $vis occasion: $crate::Occasion<'a>,
        }

        impl<'a> $moment<'a> {
            #[doc(hidden)]
            const DECLARED: $crate::contract::Moment = $crate::contract::Moment {
                name: $crate::Str::of($name),
                data: $crate::contract::List::of(&[$($crate::contract::Input {
                    name: $crate::Str::of($crate::__name!($datum $($dname)?)),
                    kind: <$dtype as $crate::input::Datum>::KIND,
                    required: <$dtype as $crate::input::Datum>::REQUIRED,
                }),*]),
                reads: $crate::contract::List::of(&[$($crate::contract::Input {
                    name: $crate::Str::of($crate::__name!($read $($rname)?)),
                    kind: <$rtype as $crate::input::Read>::KIND,
                    required: <$rtype as $crate::input::Read>::REQUIRED,
                }),*]),
                proposes: $crate::contract::List::of(&[$($crate::contract::MayPropose {
                    action: $crate::Str::of(stringify!($action)),
                    channels: $crate::contract::List::of(&[
                        $crate::Str::of(stringify!($first))
                        $(, $crate::Str::of(stringify!($channel)))*
                    ]),
                }),*]),
            };

            #[doc(hidden)]
            #[allow(unused_variables, unused_mut, reason = "a moment may declare no data or no readings")]
            fn take(
                event: &$crate::contract::Event<'a>,
                context: &$crate::contract::Context<'a>,
            ) -> Result<Self, $crate::Undecided> {
                let mut data = event.data.iter();
                let mut readings = context.readings.iter();
                Ok(Self {
                    $($datum: <$dtype as $crate::input::Datum>::take(data.next(), $crate::__name!($datum $($dname)?))?,)*
                    $($read: <$rtype as $crate::input::Read>::take(readings.next(), $crate::__name!($read $($rname)?))?,)*
                    occasion: $crate::Occasion::of(event, context),
                })
            }

            $(
                #[doc = concat!("Starts a proposal of `", stringify!($action), "`.")]
                $vis fn $action(&self) -> $crate::Draft {
                    $crate::Draft::new(stringify!($action), stringify!($first))
                }
            )*
        }
    };
}

/// The charter's name of an input: its own, or the one that it says.
#[doc(hidden)]
#[macro_export]
macro_rules! __name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

/// Declares the policy: who it is, its reasons, and which function decides about which moment. Exports it as a component.
///
/// Makes a type `Policy`, which tests name. The whole of a policy stands at the [crate's own page](crate).
#[macro_export]
macro_rules! policy {
    (
        name: $name:expr,
        version: $version:expr,
        owner: $owner:expr,
        worst_case: $worst_case:expr,
        reasons: $reasons:ty,
        moments: { $($moment:ident => $decide:path),+ $(,)? } $(,)?
    ) => {
        /// The policy of this crate.
        #[derive(Clone, Copy, Debug)]
        pub struct Policy;

        impl $crate::Policy for Policy {
            const MANIFEST: $crate::contract::Manifest = $crate::contract::Manifest {
                name: $crate::Str::of($name),
                version: $crate::Str::of($version),
                owner: $crate::Str::of($owner),
                worst_case: $crate::Str::of($worst_case),
                moments: $crate::contract::List::of(&[$($moment::DECLARED),+]),
                reasons: $crate::contract::List::of(<$reasons as $crate::Reason>::ALL),
            };

            fn decide(
                event: &$crate::contract::Event<'_>,
                context: &$crate::contract::Context<'_>,
            ) -> Result<$crate::contract::Decision, String> {
                let mut moment = event.moment;
                $(
                    if moment == 0 {
                        let given = $moment::take(event, context).map_err(|missing| missing.to_string())?;
                        return $crate::Answer::answer($decide(&given));
                    }
                    moment = moment.wrapping_sub(1);
                )+
                let _ = moment;
                Err(format!("moment {} is not in the manifest", event.moment))
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::__export!(Policy);
    };
}

/// Exports a policy as `wit/policy.wit` says: the fields of `event` and `context` one by one, an address as the answer.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($policy:ty) => {
        const _: () = {
            use $crate::Str;
            use $crate::contract::{Answer, Context, Event, List, Manifest, Maybe, Reading, Value};

            #[unsafe(export_name = "kairos:policy/policy@1.0.0#describe")]
            extern "C" fn describe() -> &'static Manifest {
                &<$policy as $crate::Policy>::MANIFEST
            }

            #[unsafe(export_name = "kairos:policy/policy@1.0.0#decide")]
            unsafe extern "C" fn decide(
                moment: u32,
                has_channel: u32,
                channel: *const u8,
                channel_bytes: usize,
                occurred_at: i64,
                data: *const Maybe<Value<'static>>,
                data_count: usize,
                now: i64,
                utc_offset: i32,
                market: *const u8,
                market_bytes: usize,
                language: *const u8,
                language_bytes: usize,
                draw: u64,
                readings: *const Reading<'static>,
                readings_count: usize,
            ) -> &'static Answer {
                // SAFETY: the host wrote all of it before it called, into memory of our own allocator.
                let (event, context) = unsafe {
                    let event = Event {
                        moment,
                        channel: (has_channel != 0).then(|| Str::at(channel, channel_bytes)),
                        occurred_at,
                        data: List::at(data, data_count).items(),
                    };
                    let context = Context {
                        now,
                        utc_offset,
                        market: Str::at(market, market_bytes),
                        language: Str::at(language, language_bytes),
                        draw,
                        readings: List::at(readings, readings_count).items(),
                    };
                    (event, context)
                };
                let decided = <$policy as $crate::Policy>::decide(&event, &context);
                Box::leak(Box::new(Answer::from(decided)))
            }
        };
    };
}
