//! Policies written in WebAssembly text, as components: good ones, and ones that no compiler would make.

use kairos::ids::Text;
use kairos::policy::manifest::{Input, Manifest, MayPropose, Moment, Reason, Sentence};
use kairos::policy::{Decision, Proposal, Timing};
use kairos::value::{Kind, Value};
use wit_component::{ComponentEncoder, StringEncoding};

/// The interface that a policy exports, from the file that the host is built from.
pub const INTERFACE: &str = include_str!("../../wit/policy.wit");
/// The name of that interface in a component.
pub const EXPORT: &str = "kairos:policy/policy@1.0.0";

/// Where data begins, and what is free after it, in bytes.
const BASE: usize = 1_024;
const PAGE: usize = 65_536;

/// A policy that always answers the same, unless its `code` says otherwise.
pub struct Guest {
    pub manifest: Manifest,
    pub decision: Decision,
    /// WebAssembly text that may define `$decide`, `$describe`, `$realloc` and `$post_return`, of the types of the same
    /// names, and anything else. `$decision`, `$manifest` and `$heap` are globals with addresses.
    pub code: String,
    /// Pages of memory that it starts with.
    pub pages: usize,
    /// The interface that it is built for, and its name in the component.
    pub interface: String,
    pub export: String,
}

impl Guest {
    /// Handles `page_viewed` with every sort of reading, and holds because of `quiet`.
    pub fn quiet() -> Self {
        Self {
            manifest: quiet_manifest(),
            decision: Decision::Hold {
                reason: "quiet".into(),
            },
            code: String::new(),
            pages: 4,
            interface: INTERFACE.to_owned(),
            export: EXPORT.to_owned(),
        }
    }

    pub fn that_decides(decision: Decision) -> Self {
        Self {
            decision,
            ..Self::quiet()
        }
    }

    pub fn with_code(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            ..Self::quiet()
        }
    }

    /// The whole core module as text.
    pub fn text(&self) -> String {
        let mut image = Image::default();
        let manifest = image.manifest(&self.manifest);
        let decision = image.decision(&self.decision);
        let heap = (BASE + image.bytes.len()).next_multiple_of(16);
        let has = |name: &str| self.code.contains(&format!("(func {name} "));
        let unless = |name: &str, default: &str| {
            if has(name) {
                String::new()
            } else {
                default.to_owned()
            }
        };
        let post_return = if has("$post_return") {
            format!(
                r#"(export "cabi_post_{}#decide" (func $post_return))"#,
                self.export
            )
        } else {
            String::new()
        };
        let data: String = image
            .bytes
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!(
            r#"(module
  (type $decide (func (param i32 i32 i32 i32 i64 i32 i32 i64 i32 i32 i32 i32 i32 i64 i32 i32) (result i32)))
  (type $describe (func (result i32)))
  (type $realloc (func (param i32 i32 i32 i32) (result i32)))
  (type $post_return (func (param i32)))
  (memory (export "memory") {pages})
  (global $decision i32 (i32.const {decision}))
  (global $manifest i32 (i32.const {manifest}))
  (global $heap (mut i32) (i32.const {heap}))
  {code}
  {realloc}
  {describe}
  {decide}
  {post_return}
  (export "cabi_realloc" (func $realloc))
  (export "{export}#describe" (func $describe))
  (export "{export}#decide" (func $decide))
  (data (i32.const {BASE}) "{data}"))"#,
            pages = self.pages.max(heap.div_ceil(PAGE)),
            code = self.code,
            export = self.export,
            realloc = unless(
                "$realloc",
                "(func $realloc (type $realloc)
                   (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
                   (global.get $heap)
                   (global.set $heap (i32.add (global.get $heap) (local.get 3))))"
            ),
            describe = unless("$describe", "(func $describe (type $describe) (global.get $manifest))"),
            decide = unless("$decide", "(func $decide (type $decide) (global.get $decision))"),
        )
    }

    /// The core module, without the component around it.
    pub fn module(&self) -> Vec<u8> {
        wat::parse_str(self.text()).expect("the guest's text is WebAssembly")
    }

    pub fn component(&self) -> Vec<u8> {
        component_of(self.module(), &self.interface)
    }
}

/// Wraps a core module that exports a world of `interface`.
pub fn component_of(mut module: Vec<u8>, interface: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str("policy.wit", interface)
        .expect("the interface parses");
    let world = resolve
        .select_world(&[package], None)
        .expect("there is one world");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("a module has room for its types");
    ComponentEncoder::default()
        .validate(false)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .expect("the module exports what the world asks for")
}

/// What [`Guest::quiet`] says of itself.
pub fn quiet_manifest() -> Manifest {
    Manifest {
        name: "quiet".into(),
        version: "1.2.0".into(),
        owner: "marketing-gb".into(),
        worst_case: "nothing is shown".into(),
        moments: vec![Moment {
            name: "page_viewed".into(),
            data: vec![input("sku", Kind::Text), input("business", Kind::Flag)],
            reads: vec![
                input("points", Kind::Integer),
                input("cart_skus", Kind::Texts),
                input("cart_value", Kind::Integer),
                input("orders_90d", Kind::Integer),
                input("bought[sku]", Kind::Instant),
                input("consent.marketing", Kind::Text),
                input("consent.marketing.email", Kind::Text),
                input("contacts.email.7d", Kind::Integer),
                input("pending.cart_reminder", Kind::Flag),
                input("setting.floor", Kind::Integer),
            ],
            proposes: vec![may_propose("loyalty_banner", &["web"])],
        }],
        reasons: vec![reason("quiet"), reason("tier")],
    }
}

pub fn input(name: &str, kind: Kind) -> Input {
    Input {
        name: name.into(),
        kind,
        required: false,
    }
}

pub fn may_propose(action: &str, channels: &[&str]) -> MayPropose {
    MayPropose {
        action: action.into(),
        channels: channels.iter().map(Text::new).collect(),
    }
}

pub fn reason(code: &str) -> Reason {
    Reason {
        code: code.into(),
        sentences: vec![Sentence {
            language: "en".into(),
            text: format!("because of {code}").into(),
        }],
    }
}

/// A banner now, because of `tier`.
pub fn banner(tier: &str) -> Proposal {
    Proposal {
        action: "loyalty_banner".into(),
        channel: "web".into(),
        timing: Timing::Now,
        lapses_after: None,
        key: Some("banner".into()),
        parameters: vec![("tier".into(), Value::Text(tier.into()))],
        cancel_on: Vec::new(),
        score: 1.0,
        reason: "tier".into(),
    }
}

/// A guest's memory from `BASE` on, written as the canonical interface lays it out.
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    /// Puts `bytes` at an aligned place and gives its address.
    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = BASE + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        u32::try_from(address).expect("a small image")
    }

    /// A pointer and a length, as they stand in a record.
    fn text(&mut self, text: &str) -> Vec<u8> {
        let address = self.put(text.as_bytes());
        span(address, text.len())
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T) -> Vec<u8>) -> Vec<u8> {
        let parts: Vec<_> = items.iter().map(|one| item(self, one)).collect();
        let address = self.put(&parts.concat());
        span(address, items.len())
    }

    fn manifest(&mut self, manifest: &Manifest) -> u32 {
        let record = [
            self.text(&manifest.name),
            self.text(&manifest.version),
            self.text(&manifest.owner),
            self.text(&manifest.worst_case),
            self.list(&manifest.moments, |image, moment| {
                [
                    image.text(&moment.name),
                    image.list(&moment.data, Self::input),
                    image.list(&moment.reads, Self::input),
                    image.list(&moment.proposes, |image, may| {
                        [
                            image.text(&may.action),
                            image.list(&may.channels, |image, name| image.text(name)),
                        ]
                        .concat()
                    }),
                ]
                .concat()
            }),
            self.list(&manifest.reasons, |image, reason| {
                let code = image.text(&reason.code);
                let sentences = image.list(&reason.sentences, |image, sentence| {
                    [image.text(&sentence.language), image.text(&sentence.text)].concat()
                });
                [code, sentences].concat()
            }),
        ]
        .concat();
        self.put(&record)
    }

    fn input(&mut self, input: &Input) -> Vec<u8> {
        let name = self.text(&input.name);
        [name, vec![input.kind as u8, u8::from(input.required), 0, 0]].concat()
    }

    fn decision(&mut self, decision: &Decision) -> u32 {
        const OK: [u8; 4] = [0; 4];
        let record = match decision {
            Decision::Act(proposals) => [
                OK.to_vec(),
                vec![0; 4],
                self.list(proposals, Self::proposal),
            ]
            .concat(),
            Decision::Hold { reason } => {
                [OK.to_vec(), vec![1, 0, 0, 0], self.text(reason)].concat()
            }
        };
        self.put(&record)
    }

    fn proposal(&mut self, proposal: &Proposal) -> Vec<u8> {
        let timing = match proposal.timing {
            Timing::Now => [case(0), vec![0; 8]],
            Timing::After(span) => [case(1), span.millis().to_le_bytes().to_vec()],
            Timing::At(instant) => [case(2), instant.millis().to_le_bytes().to_vec()],
            Timing::Local { days, minute } => {
                [case(3), [days.to_le_bytes(), minute.to_le_bytes()].concat()]
            }
        };
        let lapses = match proposal.lapses_after {
            None => [case(0), vec![0; 8]],
            Some(span) => [case(1), span.millis().to_le_bytes().to_vec()],
        };
        let key = match &proposal.key {
            None => vec![0; 12],
            Some(key) => [vec![1, 0, 0, 0], self.text(key)].concat(),
        };
        [
            self.text(&proposal.action),
            self.text(&proposal.channel),
            timing.concat(),
            lapses.concat(),
            key,
            self.list(&proposal.parameters, |image, (name, value)| {
                [image.text(name), image.value(value)].concat()
            }),
            self.list(&proposal.cancel_on, |image, name| image.text(name)),
            vec![0; 4],
            proposal.score.to_le_bytes().to_vec(),
            self.text(&proposal.reason),
        ]
        .concat()
    }

    fn value(&mut self, value: &Value) -> Vec<u8> {
        let payload = match value {
            Value::Flag(flag) => vec![u8::from(*flag), 0, 0, 0, 0, 0, 0, 0],
            Value::Integer(integer) => integer.to_le_bytes().to_vec(),
            Value::Number(number) => number.to_le_bytes().to_vec(),
            Value::Text(text) => self.text(text),
            Value::Instant(instant) => instant.millis().to_le_bytes().to_vec(),
            Value::Texts(texts) => self.list(texts, |image, text| image.text(text)),
            Value::Integers(integers) => self.list(integers, |_, one| one.to_le_bytes().to_vec()),
        };
        [case(value.kind() as u8), payload].concat()
    }
}

/// A discriminant, with the room up to a payload of eight bytes.
fn case(number: u8) -> Vec<u8> {
    vec![number, 0, 0, 0, 0, 0, 0, 0]
}

fn span(address: u32, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).expect("a small list");
    [address.to_le_bytes(), length.to_le_bytes()].concat()
}
