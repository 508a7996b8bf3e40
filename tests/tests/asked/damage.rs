//! A data folder with a bit turned or a file cut short: it is detected or does no harm, and is never a wrong answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kairos::clock::{Clock, Instant};
use kairos::decide::replay::{keychain, reader};
use kairos::event::{Caller, Door, Event};
use kairos::evidence::query::Query;
use kairos::evidence::verify::verify;
use kairos::evidence::{self, Kind};
use kairos::ids::{Chance, DecisionId};
use kairos::node::checkpoints::public_key;
use kairos::node::{Core, Node, Settings};
use kairos::policy::Decision;
use kairos::store::Durability;
use kairos::telemetry::Telemetry;
use kairos::views::Question;
use kairos_tests::desk::decide;
use kairos_tests::desk::{event, write};
use kairos_tests::guest::{Guest, banner, input, may_propose};
use serde_json::{Value, json};

const CASES: usize = 500;
const NOW: &str = "2010-12-01T12:00:00Z";
const SOURCE: &str = "shop/gb";

/// What can be asked of a folder, and the answers; an answer that was refused is `None`.
#[derive(Clone, PartialEq, Debug, Default)]
struct Answers {
    /// How many records `verify` finds sound, and the end of their chain.
    verified: Option<String>,
    /// What the command lists.
    listed: Option<Vec<Value>>,
    /// What a host that is started on it tells of each decision, of each event, and of all decisions together.
    told: Vec<Option<Value>>,
}

struct Place {
    charter: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(charter: &Path) -> Self {
        Self {
            charter: charter.to_owned(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn open(&self, data: &Path) -> Result<Arc<Node>, kairos::node::OpenError> {
        let mut settings = Settings {
            charter: self.charter.clone(),
            data: data.to_owned(),
            clock: Clock::fixed(Instant::parse(NOW).expect("a time")),
            ..Settings::default()
        };
        settings.store.durability = Durability::Process;
        settings.store.segment_bytes = 64 * 1024;
        settings.store.view_cache_bytes = 1024 * 1024;
        settings.cache.clean_bytes = 1024 * 1024;
        Node::open(settings, &Telemetry::new())
    }

    /// Asks everything. First beside no host, since one that starts may repair.
    fn ask(&self, data: &Path, decisions: &[DecisionId], events: &[String]) -> Answers {
        let mut answers = Answers {
            verified: verified(data),
            listed: listed(data),
            told: Vec::new(),
        };
        let Ok(node) = self.open(data) else {
            return answers;
        };
        for id in decisions {
            let told = self
                .runtime
                .block_on(node.decision(*id, &kairos::event::Markets::All));
            answers.told.push(told.ok().map(sound));
            answers
                .told
                .push(self.explained(&node, &Question::Decision(*id)));
        }
        for id in events {
            let question = Question::Event {
                source: SOURCE.into(),
                id: id.as_str().into(),
            };
            answers.told.push(self.explained(&node, &question));
        }
        let query = Query::default();
        let page = node
            .first_cursor(query.filter.since)
            .and_then(|cursor| node.decisions(&query, (cursor, 1_000), &|| false));
        answers.told.push(page.ok().map(|page| json!(page.lines)));
        answers
    }

    fn explained(&self, node: &Arc<Node>, question: &Question) -> Option<Value> {
        let explained = self
            .runtime
            .block_on(node.explain(question, &["en"], &kairos::event::Markets::All))
            .ok()?;
        let texts = explained.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        let is_told = |text: &String| text.contains("what it means is not at hand");
        match texts.iter().flatten().any(is_told) {
            true => None,
            false => Some(json!(texts)),
        }
    }
}

/// Where the policy's component is gone, the answer says so itself.
fn sound(told: Option<Value>) -> Value {
    match told {
        Some(told) if told["policy"]["missing"].is_string() => Value::from("missing"),
        told => json!(told),
    }
}

fn verified(data: &Path) -> Option<String> {
    let (reader, key) = (reader(data).ok()?, public_key(data).ok()?);
    let report = verify(&reader, &key, &[], &mut |_, _| {}).ok()?;
    let chain = report.log.chain;
    report
        .is_sound()
        .then(|| format!("{} {chain:?}", report.log.records))
}

fn listed(data: &Path) -> Option<Vec<Value>> {
    let (query, mut lines, mut is_whole) = (Query::default(), Vec::new(), true);
    let reader = reader(data).ok()?;
    let keys = keychain(data.into(), &reader).ok()?;
    let walked = reader.walk(&mut |met| {
        let is_event = matches!(
            Kind::from_number(met.kind),
            Some(Kind::Event | Kind::Consent)
        );
        if is_event {
            match evidence::open(met.content, &keys) {
                Ok(opened) => lines.extend(query.found(met.position, &opened)),
                Err(_) => is_whole = false,
            }
        }
    });
    let is_untorn = walked.ok()?.torn.is_none();
    (is_whole && is_untorn).then_some(lines)
}

/// A policy that shows a banner, in words of its own.
fn policy() -> Vec<u8> {
    let mut guest = Guest::that_decides(Decision::Act(vec![banner("gold")]));
    let moment = guest.manifest.moments.first_mut().expect("a moment");
    moment.data = vec![input("sku", kairos::value::Kind::Text)];
    moment.reads = Vec::new();
    moment.proposes = vec![may_propose("loyalty_banner", &["web"])];
    guest.component()
}

/// Some views of some customers; the decisions and the events that there were.
fn traffic(place: &Place, data: &Path) -> (Vec<DecisionId>, Vec<String>) {
    let node = place.open(data).expect("a host");
    node.load_policy("gb", &policy()).expect("a policy");
    let core = Core::new(Arc::clone(&node), 0, Chance::from_seed(b"damage"));
    let charter = node.charter();
    let caller = Caller::open();
    let door = Door {
        charter: &charter,
        clock: node.clock(),
        caller: &caller,
        market: "gb",
        is_gpc: false,
    };
    let (mut decisions, mut events) = (Vec::new(), Vec::new());
    for number in 0..16 {
        let (id, subject) = (format!("v-{number}"), format!("crm:{}", 1 + number % 5));
        let told = match number % 4 {
            3 => event(&id, "complaint.opened", &subject, json!({ "case": "7" })),
            _ => event(&id, "product.viewed", &subject, json!({ "sku": "85123A" })),
        };
        let read = Event::parse(&door, told.to_string().as_bytes()).expect("an event");
        let answered = place
            .runtime
            .block_on(decide(&core, read))
            .expect("a decision");
        decisions.extend(
            answered
                .reply
                .body()
                .decisions
                .iter()
                .map(|decided| decided.id),
        );
        events.push(id);
    }
    assert_eq!(decisions.len(), 12);
    node.close();
    (decisions, events)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let mut all = Vec::new();
    files(from, &mut all);
    for file in all {
        let target = to.join(file.strip_prefix(from).expect("a part"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        std::fs::copy(file, target).expect("a copy");
    }
}

fn is_list(file: &Path) -> bool {
    let is_space = |folder: &Path| {
        folder
            .parent()
            .is_some_and(|above| above.ends_with("keyspaces"))
    };
    let name = file.file_name().and_then(|name| name.to_str());
    file.parent().is_some_and(is_space) && name.is_some_and(|name| name.starts_with('v'))
}

/// Turns a bit of some file, or cuts it short; says which.
fn damage(data: &Path, number: usize) -> String {
    let mut chance = Chance::from_seed(format!("damage {number}").as_bytes());
    let mut draw = |below: usize| usize::try_from(chance.number()).expect("64 bits") % below.max(1);
    let mut all = Vec::new();
    files(data, &mut all);
    all.sort();
    // Damage of the database's own lists may end the process that opens it: `robust`, `disk` holds what comes then.
    all.retain(|file| !is_list(file));
    // The log is what most is written to: every other case is about it.
    if number.is_multiple_of(2) {
        all.retain(|file| file.parent().is_some_and(|folder| folder.ends_with("log")));
    }
    let file = &all[draw(all.len())];
    let mut bytes = std::fs::read(file).expect("a file");
    // What was written, and not the zeros that are made ahead of need.
    let used = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let place = draw(used);
    let what = match draw(4) {
        0 => {
            bytes.truncate(place);
            "cut at"
        }
        _ if used == 0 => "empty, and left so at",
        _ => {
            bytes[place] ^= 1 << draw(8);
            "a bit turned at"
        }
    };
    std::fs::write(file, bytes).expect("a file");
    let name = file.strip_prefix(data).expect("a part").display();
    format!("case {number}: {name}, {what} {place} of {used}")
}

/// A folder that no disk makes slow, where the system has a place for one.
fn in_memory() -> tempfile::TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    memory.unwrap_or_else(|_| tempfile::tempdir().expect("a folder"))
}

/// What is wrong: an answer that is given and is another than that of the undamaged folder.
fn wrong(answers: &Answers, sound: &Answers) -> Option<String> {
    if answers.verified.is_some() && answers.verified != sound.verified {
        return Some(format!("verify says {:?}", answers.verified));
    }
    if answers.listed.is_some() && answers.listed != sound.listed {
        return Some(format!("listed is {:#?}", answers.listed));
    }
    let pairs = answers.told.iter().zip(&sound.told);
    let mut wrong = pairs.filter(|(told, right)| {
        told.as_ref().is_some_and(|told| *told != "missing") && told != right
    });
    wrong
        .next()
        .map(|(told, right)| format!("{told:#?} instead of {right:#?}"))
}

#[test]
fn a_damaged_folder_never_gives_a_wrong_answer() {
    let folder = in_memory();
    let (charter, data) = (folder.path().join("charter"), folder.path().join("data"));
    write(
        &charter,
        &[("charter.toml", include_str!("../../src/trial.toml"))],
    );
    let place = Place::new(&charter);
    let (decisions, events) = traffic(&place, &data);
    let copied = folder.path().join("sound");
    copy(&data, &copied);
    let sound = place.ask(&copied, &decisions, &events);
    assert!(
        sound.verified.is_some() && sound.told.iter().all(Option::is_some),
        "{sound:#?}"
    );
    let (next, detected, harmless) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let work = || {
        let place = Place::new(&charter);
        let mut found = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= CASES {
                return found;
            }
            let copied = folder.path().join(format!("case-{number}"));
            copy(&data, &copied);
            let what = damage(&copied, number);
            let answers = place.ask(&copied, &decisions, &events);
            let is_same = answers == sound;
            match is_same {
                true => harmless.fetch_add(1, Ordering::Relaxed),
                false => detected.fetch_add(1, Ordering::Relaxed),
            };
            found.extend(wrong(&answers, &sound).map(|wrong| format!("{what}: {wrong}")));
            std::fs::remove_dir_all(&copied).ok();
        }
    };
    let found: Vec<String> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let found = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        found.flatten().collect()
    });
    let (detected, harmless) = (detected.into_inner(), harmless.into_inner());
    println!("{detected} detected, {harmless} harmless");
    assert!(
        found.is_empty(),
        "{} of {CASES} are wrong:\n{}",
        found.len(),
        found.join("\n")
    );
    assert!(
        detected > CASES / 4,
        "{detected} detected, {harmless} harmless"
    );
}
