//! Names of files, as Tab completes them.
//!
//! The rest of a line is one path as it stands: nothing is quoted, so spaces need no care.

use std::borrow::Cow;
use std::path::Path;

use crate::text::escape::{Keep, escape};

/// More are not worth a list.
pub(crate) const MOST: usize = 200;

/// The paths that begin with what was typed, directories with a slash behind them; hidden ones only if asked for.
pub(crate) fn beginning_with(typed: &str) -> Vec<String> {
    let (dir, name) = typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1));
    let Ok(entries) = std::fs::read_dir(if dir.is_empty() { Path::new(".") } else { Path::new(dir) }) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        // What is no text, or would drive the terminal, cannot be typed.
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path().is_dir())))
        .filter(|(found, _)| found.starts_with(name) && matches!(escape(found, Keep::Nothing), Cow::Borrowed(_)))
        .filter(|(found, _)| !found.starts_with('.') || name.starts_with('.'))
        .map(|(found, is_dir)| format!("{dir}{found}{}", if is_dir { "/" } else { "" }))
        .take(MOST)
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_completed_as_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap();
        for name in ["my file", "my other", ".hidden", "bad\x1bname"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let completed = |typed: &str| {
            let paths = beginning_with(&format!("{root}/{typed}"));
            paths.iter().map(|path| path.strip_prefix(root).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(completed("my"), ["/my file", "/my other"]);
        assert_eq!(completed("my f"), ["/my file"]);
        assert_eq!(completed(""), ["/my file", "/my other", "/sub/"]);
        assert_eq!(completed(".h"), ["/.hidden"]);
        assert!(completed("sub/").is_empty() && completed("none/").is_empty());
    }
}
