//! Scripts on disk: finding and reading them, telling what is wrong with them, bringing them into form.
//!
//! What they say is `script`'s business, playing them another's.

mod connections;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::planner::ConnectionPlanner;
use crate::error::Error;
use crate::input::stdin;
use crate::runtime::complain;
use crate::script::check::{DefaultConnection, KnownNames, OptionName};
use crate::script::flaw::Flaw;
use crate::script::parse_and_check;
use crate::script::syntax::{Position, Script};
use crate::script::variables::Variables;
use crate::term::Talk;
use crate::term::diagnostics::Diagnostics;
use crate::text::escape::{Keep, escape};
use crate::text::units::counted;

/// What the files of a folder end with that are scripts.
const EXTENSION: &str = "wsp";

/// Longer than any script that is written.
const LARGEST: u64 = 64 << 20;

/// How much of a line is shown before what is wrong in it, and after it.
const BEFORE: usize = 60;

const BEHIND: usize = 40;

/// Which scripts, and what they may refer to.
#[derive(Clone, Debug)]
pub(crate) struct Scripts {
    /// Files and folders; `-` is stdin.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) options: Vec<OptionName>,
    /// Without any, nobody can tell yet which have a value.
    pub(crate) variables: Option<Variables>,
    pub(crate) dial: ConnectionPlanner,
    pub(crate) given: DefaultConnection,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub(crate) struct ScriptSource {
    /// As the user wrote it, or found in a folder that the user wrote.
    pub(crate) name: String,
    /// `None` is stdin.
    pub(crate) path: Option<PathBuf>,
    pub(crate) source: String,
}

impl ScriptSource {
    /// Where the files are that it names.
    pub(crate) fn dir(&self) -> &Path {
        dir_of(self.path.as_deref())
    }
}

fn dir_of(path: Option<&Path>) -> &Path {
    path.and_then(Path::parent).filter(|dir| *dir != Path::new("")).unwrap_or(Path::new("."))
}

/// Reads and checks all files.
///
/// # Errors
/// The exit status, when all that is wrong has been told.
pub(crate) fn load(scripts: &Scripts, diagnostics: Diagnostics) -> Result<Vec<(ScriptSource, Script)>, u8> {
    load_for(scripts, diagnostics, |_| Vec::new())
}

/// The same, where not every script will do.
///
/// # Errors
/// The exit status, when all that is wrong has been told.
pub(crate) fn load_for(
    scripts: &Scripts,
    diagnostics: Diagnostics,
    objections: fn(&Script) -> Vec<Flaw>,
) -> Result<Vec<(ScriptSource, Script)>, u8> {
    let Scripts { options, variables, given, .. } = scripts;
    let known = KnownNames { options, variables: variables.as_ref(), given: *given };
    let nothing = Variables::new(|_| None);
    let variables = variables.as_ref().unwrap_or(&nothing);
    each(scripts, diagnostics, |source, dir| {
        let script = parse_and_check(source, known)?;
        let mut flaws = connections::flaws(&script, variables, &scripts.dial, dir);
        flaws.extend(objections(&script));
        if flaws.is_empty() { Ok(script) } else { Err(flaws) }
    })
}

/// Reads all files before anything else is done with one of them, each with the folder that it is in.
pub(crate) fn each<T>(
    scripts: &Scripts,
    diagnostics: Diagnostics,
    read: impl Fn(&str, &Path) -> Result<T, Vec<Flaw>>,
) -> Result<Vec<(ScriptSource, T)>, u8> {
    let talk = Talk::on_stderr(diagnostics.verbosity, diagnostics.colour);
    let (mut good, mut bad, mut flawed) = (Vec::new(), 0, 0);
    for path in found(&scripts.paths).map_err(|error| complain(&error))? {
        let (name, bytes) = contents(&path).map_err(|error| complain(&error))?;
        let path = (path != Path::new("-")).then_some(path);
        let (source, outcome) = match String::from_utf8(bytes) {
            Ok(source) => {
                let outcome = read(&source, dir_of(path.as_deref()));
                (source, outcome)
            }
            Err(error) => {
                let flaw = not_utf8(error.as_bytes(), error.utf8_error().valid_up_to());
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Err(vec![flaw]))
            }
        };
        match outcome {
            Ok(read) => good.push((ScriptSource { name, path, source }, read)),
            Err(flaws) => {
                flaws.iter().for_each(|flaw| tell(&talk, &name, &source, flaw));
                bad += flaws.len();
                flawed += 1;
            }
        }
    }
    if bad == 0 {
        return Ok(good);
    }
    talk.error(&format!("{} in {}, nothing was run", counted(bad, "error"), counted(flawed, "file")));
    Err(2)
}

/// The files that these paths mean, in order; those of a folder by their names.
fn found(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        gather(path, &mut files).map_err(|source| Error::File { what: "read", path: path.clone(), source })?;
        if files.len() == before {
            return Err(Error::Usage(format!("there is no script (*.{EXTENSION}) in `{}`", path.display())));
        }
    }
    if files.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(Error::Usage("stdin (`-`) can be read only once".to_owned()));
    }
    Ok(files)
}

fn gather(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder may lead in a circle.
        if entry.file_type()?.is_dir() {
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                gather(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn contents(path: &Path) -> Result<(String, Vec<u8>), Error> {
    let failed = |source| Error::File { what: "read", path: path.to_owned(), source };
    let (name, file) = match path {
        path if path == Path::new("-") => ("<stdin>".to_owned(), stdin::open().map_err(failed)?),
        path => (path.display().to_string(), Some(std::fs::File::open(path).map_err(failed)?)),
    };
    let mut bytes = Vec::new();
    if let Some(file) = file {
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > LARGEST {
        let why = format!("a script must not be larger than {} MiB", LARGEST >> 20);
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, why)));
    }
    Ok((name, bytes))
}

fn not_utf8(bytes: &[u8], at: usize) -> Flaw {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let flaw = Flaw::new(Position { line, column }, format!("the byte {:02x} is not UTF-8", bytes[at]));
    flaw.hint("`send binary hex …` sends any bytes")
}

/// `chat.wsp:3:8: …`, the line, and a mark below the place.
fn tell(talk: &Talk, name: &str, source: &str, flaw: &Flaw) {
    let line = source.lines().nth(flaw.place.line.saturating_sub(1)).unwrap_or_default();
    let (line, mark) = excerpt(line.trim_start_matches('\u{feff}'), flaw.place.column);
    talk.flaw(&format!("{name}:{flaw}"), &line, &mark);
}

/// A part of a line as a terminal may show it, and a mark below its column.
fn excerpt(line: &str, column: usize) -> (String, String) {
    let at = column.saturating_sub(1);
    let skipped = at.saturating_sub(BEFORE);
    let shown = |text: String| escape(&text.replace('\t', " "), Keep::Nothing).into_owned();
    let before = shown(line.chars().skip(skipped).take(at - skipped).collect());
    let behind = shown(line.chars().skip(at).take(BEHIND).collect());
    let (start, end) = (if skipped > 0 { "…" } else { "" }, if line.chars().count() > at + BEHIND { "…" } else { "" });
    let mark = " ".repeat(2 + unicode_width::UnicodeWidthStr::width(format!("{start}{before}").as_str()));
    (format!("  {start}{before}{behind}{end}"), mark + "^")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        let marked = |line: &str, column| {
            let (line, mark) = excerpt(line, column);
            format!("{line}\n{mark}")
        };
        assert_eq!(marked("send x", 6), "  send x\n       ^");
        assert_eq!(marked("\tsend 日本 x", 10), "   send 日本 x\n             ^");
        assert_eq!(marked("a\x1bb", 3), "  a\\eb\n     ^");
        assert_eq!(marked("", 1), "  \n  ^");
        let long = format!("{}x{}", "a".repeat(100), "b".repeat(100));
        let (line, mark) = excerpt(&long, 101);
        assert_eq!(line, format!("  …{}x{}…", "a".repeat(60), "b".repeat(39)));
        assert_eq!(mark.len(), 2 + 1 + 60 + 1);
    }

    #[test]
    fn what_is_no_utf8_has_a_place_too() {
        let bytes = b"send \xc3\xa9\nsend \xc3\xa9\xff";
        assert_eq!(
            not_utf8(bytes, 15).to_string(),
            "2:7: the byte ff is not UTF-8; `send binary hex …` sends any bytes"
        );
    }
}
