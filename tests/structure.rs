//! The structure that `src/lib.rs` describes: who may import whom, no loops, and nothing too large to be read.
//!
//! It reads the code as text, as rustfmt leaves it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

/// The floors, from the top. A module imports only from floors below its own; those on the lowest floor also import each other.
const FLOORS: &[&[&str]] = &[
    &["lib"],
    &["cli"],
    &["app"],
    &["commands"],
    &["server"],
    &["report"],
    &["play"],
    &["runtime"],
    &["client"],
    &["input"],
    &["recording"],
    &["session"],
    &["script"],
    &["render"],
    &["error"],
    &["events"],
    &["conformance"],
    &["dial"],
    &["handshake"],
    &["request"],
    &["wire"],
    &["codec"],
    &["term"],
    &["message", "compare", "masking", "text", "sys", "transport", "http2", "target"],
];

/// Names that two types still have. Nothing may be added.
const SHARED_NAMES: &[&str] = &["Options"];

/// A file: its module, its code without comments and tests, and its length as it is.
struct Source {
    module: Vec<String>,
    text: String,
    lines: usize,
}

type Graph = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder of ours") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    found.sort();
    let tests = Regex::new(r"(?m)^#\[cfg\(test\)\]\nmod \w+ \{\n(?s:.*?)^\}\n").expect("a pattern of ours");
    let comments = Regex::new(r"(?m)//.*$").expect("a pattern of ours");
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file of ours");
        let relative = path.strip_prefix(&src).expect("it is below").with_extension("");
        let mut module: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        let lines = text.lines().count();
        Source { module, text: comments.replace_all(&tests.replace_all(&text, ""), "").into_owned(), lines }
    };
    let is_ours = |source: &Source| {
        !source.module.contains(&"tests".to_owned()) && !["testing", "main"].contains(&source.module[0].as_str())
    };
    found.iter().map(read).filter(is_ours).collect()
}

/// The paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (head, inner) = match tree.trim().split_once('{') {
        Some((head, rest)) => (head, rest.rsplit_once('}').map(|(inner, _)| inner)),
        None => (tree.split(" as ").next().unwrap_or_default(), None),
    };
    let mut path = before.to_vec();
    path.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    let Some(inner) = inner else { return found.push(path) };
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                paths(&inner[start..at], &path, found);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner[start..].trim().is_empty() {
        paths(&inner[start..], &path, found);
    }
}

/// The path from the crate's root that one with `crate`, `super` or `self` before it means there.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut here = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    for part in path {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => drop(here.pop()),
            _ => here.push(part.clone()),
        }
    }
    Some(here)
}

/// What a file calls in its children by a relative path: `http::ask` is `self::http::ask`.
fn by_name_of_child(source: &Source) -> BTreeSet<Vec<String>> {
    let child = Regex::new(r"(?m)^(?:pub(?:\([^)]*\))? )?mod (\w+);").expect("a pattern of ours");
    let path = Regex::new(r"(?:^|[^\w:])(\w+)::(\w+)").expect("a pattern of ours");
    let children: BTreeSet<_> = child.captures_iter(&source.text).map(|captures| captures[1].to_owned()).collect();
    let of_children = path.captures_iter(&source.text).filter(|captures| children.contains(&captures[1]));
    of_children
        .map(|captures| [&source.module[..], &[captures[1].to_owned(), captures[2].to_owned()]].concat())
        .collect()
}

fn imports(source: &Source) -> BTreeSet<Vec<String>> {
    let uses = Regex::new(r"(?m)^\s*(pub(?:\([^)]*\))? )?use ([^;]*);").expect("a pattern of ours");
    let inline = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").expect("a pattern of ours");
    let mut found = Vec::new();
    // What a room shows of its own is no import.
    for captures in uses.captures_iter(&source.text).filter(|captures| captures.get(1).is_none()) {
        paths(&captures[2], &[], &mut found);
    }
    let rest = uses.replace_all(&source.text, "");
    found.extend(inline.find_iter(&rest).map(|path| path.as_str().split("::").map(str::to_owned).collect()));
    let mut imported: BTreeSet<_> = found.iter().filter_map(|path| absolute(path, &source.module)).collect();
    imported.extend(by_name_of_child(source));
    imported
}

/// What rooms show of their files: `wire::Socket` is `wire::socket::Socket`.
fn shown(sources: &[Source]) -> BTreeMap<Vec<String>, Vec<String>> {
    let uses = Regex::new(r"(?m)^pub(?:\([^)]*\))? use ([^;]*);").expect("a pattern of ours");
    let mut shown = BTreeMap::new();
    for source in sources {
        let mut found = Vec::new();
        uses.captures_iter(&source.text).for_each(|captures| paths(&captures[1], &[], &mut found));
        for path in found {
            let path = absolute(&path, &source.module).unwrap_or_else(|| [&source.module[..], &path].concat());
            let face = [&source.module[..], &path[path.len() - 1..]].concat();
            if !path.starts_with(&face) {
                shown.insert(face, path);
            }
        }
    }
    shown
}

/// For each file those that it imports; a name that a room shows leads to the file that has it.
fn graph() -> Graph {
    let sources = sources();
    let modules: BTreeSet<_> = sources.iter().map(|source| source.module.clone()).collect();
    let shown = shown(&sources);
    let home = |mut path: Vec<String>| {
        while let Some((at, real)) = (1..=path.len()).rev().find_map(|at| Some((at, shown.get(&path[..at])?))) {
            path = [&real[..], &path[at..]].concat();
        }
        (1..=path.len()).rev().map(|at| path[..at].to_vec()).find(|prefix| modules.contains(prefix))
    };
    let targets = |source: &Source| {
        let targets = imports(source).into_iter().filter_map(&home).filter(|file| *file != source.module).collect();
        (source.module.clone(), targets)
    };
    sources.iter().map(targets).collect()
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("`{room}` is on no floor"))
}

/// All violations, each once; and no outdated entries are left on the list.
#[track_caller]
fn only_known(found: impl IntoIterator<Item = String>, known: &[&str]) {
    let found: BTreeSet<_> = found.into_iter().collect();
    let known: BTreeSet<_> = known.iter().map(|&name| name.to_owned()).collect();
    let (new, gone): (Vec<_>, Vec<_>) = (found.difference(&known).collect(), known.difference(&found).collect());
    assert!(new.is_empty(), "new: {new:#?}");
    assert!(gone.is_empty(), "no longer so, take it off the list: {gone:#?}");
}

#[test]
fn a_room_imports_only_what_is_on_a_floor_below() {
    let ground = FLOORS.len() - 1;
    let mut wrong = Vec::new();
    for (file, targets) in graph() {
        for target in targets {
            let (from, to) = (floor(&file[0]), floor(&target[0]));
            if file[0] != target[0] && from >= to && (from, to) != (ground, ground) {
                wrong.push(format!("{} {}", file.join("::"), target.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_command_imports_no_other_command() {
    let command = |file: &[String]| (file[0] == "commands").then(|| file.get(1).cloned()).flatten();
    for (file, targets) in graph() {
        let Some(own) = command(&file) else { continue };
        let other = targets.iter().find(|target| command(target).is_some_and(|it| it != own));
        assert!(other.is_none(), "{} imports {}", file.join("::"), other.map_or_else(String::new, |it| it.join("::")));
    }
}

#[test]
fn scripts_sessions_and_frames_know_neither_dialing_nor_the_terminal() {
    for (file, targets) in graph() {
        let wrong = targets.iter().find(|target| ["dial", "term"].contains(&target[0].as_str()));
        let is_fine = !["script", "session", "wire"].contains(&file[0].as_str()) || wrong.is_none();
        assert!(is_fine, "{} imports {}", file.join("::"), wrong.map_or_else(String::new, |it| it.join("::")));
    }
}

/// The loops, each as the files that are in it.
fn loops() -> BTreeSet<Vec<String>> {
    let graph = graph();
    let reached = |from: &Vec<String>| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = next.pop() {
            next.extend(
                graph.get(&file).into_iter().flatten().filter(|target| seen.insert((*target).clone())).cloned(),
            );
        }
        seen
    };
    let reached: BTreeMap<_, _> = graph.keys().map(|file| (file, reached(file))).collect();
    let loop_of = |file: &Vec<String>| {
        let others = graph.keys().filter(|other| reached[file].contains(*other) && reached[*other].contains(file));
        others.map(|file| file.join("::")).collect()
    };
    graph.keys().map(loop_of).filter(|files: &Vec<_>| !files.is_empty()).collect()
}

#[test]
fn no_file_imports_another_in_a_loop() {
    assert_eq!(loops(), BTreeSet::new());
}

/// The lines of all rooms, and of each.
fn rooms() -> (usize, BTreeMap<String, usize>) {
    let mut rooms = BTreeMap::<_, usize>::new();
    for source in sources() {
        // A command imports no other command: each is a room of its own on their floor.
        let depth = if source.module[0] == "commands" { 2 } else { 1 };
        let room = source.module[..depth.min(source.module.len())].join("::");
        *rooms.entry(room).or_default() += source.lines;
    }
    (rooms.values().sum(), rooms)
}

#[test]
fn no_room_holds_more_than_a_sixth_of_all_lines() {
    let (all, rooms) = rooms();
    for (room, lines) in rooms {
        assert!(lines * 6 <= all, "`{room}` has {lines} lines of {all}");
    }
}

/// The lengths of all functions in lines, from `fn` to the closing brace, with their places.
fn functions() -> Vec<(usize, String)> {
    let begin =
        Regex::new(r"^( *)(?:pub(?:\([^)]*\))? )?(?:const |async |unsafe )*fn (\w+)").expect("a pattern of ours");
    let mut found = Vec::new();
    for source in sources() {
        let lines: Vec<_> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(captures) = begin.captures(line) else { continue };
            let end = format!("{}}}", &captures[1]);
            let is_one_line = line.ends_with('}') || line.ends_with(';');
            let is_last =
                |line: &&str| **line == end || line.ends_with(';') && line.starts_with(&format!("{})", &captures[1]));
            let length = if is_one_line { 1 } else { lines[at..].iter().position(is_last).map_or(1, |last| last + 1) };
            found.push((length, format!("{}::{}", source.module.join("::"), &captures[2])));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let functions = functions();
    let below = functions.iter().filter(|(length, _)| *length < 25).count();
    assert!(below * 10 >= functions.len() * 9, "only {below} of {} are below 25 lines", functions.len());
    let long: Vec<_> = functions.into_iter().filter(|(length, _)| *length > 60).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn what_is_the_systems_own_stands_in_sys() {
    let crates = r"std::os::(?:unix|fd)|nix::|rustix::|libc::|signal_hook::";
    let of_tokio = r"tokio::(?:net::[^;]*\bUnix|io::unix|signal::unix)";
    let own =
        format!(r"\b(?:{crates}|{of_tokio}|unsafe \{{|cfg!?\((?:all\(|any\(|not\()*(?:unix|windows|target_os)\b)");
    let own = Regex::new(&own).expect("a pattern of ours");
    let is_elsewhere = |source: &Source| !["sys", "transport"].contains(&source.module[0].as_str());
    let wrong = sources().into_iter().filter(|source| is_elsewhere(source) && own.is_match(&source.text));
    let wrong: Vec<_> = wrong.map(|source| source.module.join("::")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_in_lib_rs_names_each_room() {
    let lib = include_str!("../src/lib.rs");
    let module = Regex::new(r"(?m)^(?:pub(?:\([^)]*\))? )?mod (\w+);").expect("a pattern of ours");
    let (map, _) = lib.split_once("\n\n#!").expect("the map comes first");
    for captures in module.captures_iter(lib) {
        assert!(map.contains(&format!("`{}`", &captures[1])), "`{}` is not on the map", &captures[1]);
    }
}

/// The names of all types, and how often each is defined.
fn type_names() -> BTreeMap<String, usize> {
    let definition =
        Regex::new(r"(?m)^(?:pub(?:\([^)]*\))? )?(?:struct|enum|trait|type|union) (\w+)").expect("a pattern of ours");
    let mut counts = BTreeMap::<_, usize>::new();
    for source in sources() {
        definition
            .captures_iter(&source.text)
            .for_each(|captures| *counts.entry(captures[1].to_owned()).or_default() += 1);
    }
    counts
}

#[test]
fn no_two_types_share_a_name() {
    only_known(type_names().into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name), SHARED_NAMES);
}

/// What the house weighs: `cargo test --test structure -- --ignored --nocapture figures`.
#[test]
#[ignore = "it only prints"]
fn figures() {
    let share = |part: usize, all: usize| 100.0 * part as f64 / all as f64;
    let mut lengths: Vec<_> = functions().into_iter().map(|(length, _)| length).collect();
    lengths.sort_unstable();
    let over = |limit: usize| lengths.iter().filter(|length| **length > limit).count();
    println!("functions: {}, median {} lines", lengths.len(), lengths[lengths.len() / 2]);
    println!("nine in ten up to {} lines", lengths[lengths.len() * 9 / 10]);
    println!("below 25 lines: {:.1} %", share(lengths.len() - over(24), lengths.len()));
    println!("over 40 lines: {} ({:.1} %); over 60: {}", over(40), share(over(40), lengths.len()), over(60));
    let names = type_names();
    let is_one_word = |name: &str| name.chars().filter(char::is_ascii_uppercase).count() == 1;
    let (all, shared) = (names.values().sum::<usize>(), names.values().filter(|count| **count > 1).count());
    let one_word = names.iter().filter(|(name, _)| is_one_word(name)).map(|(_, count)| count).sum::<usize>();
    println!("types: {all}, of one word {one_word} ({:.0} %)", share(one_word, all));
    println!("type names: {}, defined twice or more: {shared} ({:.0} %)", names.len(), share(shared, names.len()));
    println!("files in import loops: {}", loops().iter().map(Vec::len).sum::<usize>());
    loops().iter().for_each(|files| println!("  {}", files.join(", ")));
    let (all, rooms) = rooms();
    let (room, lines) = rooms.iter().max_by_key(|(_, lines)| **lines).expect("there are rooms");
    println!("the largest room: `{room}`, {lines} of {all} lines ({:.1} %)", share(*lines, all));
    let long = sources().into_iter().filter(|source| source.lines > 500);
    long.for_each(|source| println!("over 500 lines: {} ({})", source.module.join("::"), source.lines));
}
