//! Credentials from the URL and from `--netrc`.

use super::{Env, options};
use crate::error::Error;
use crate::request::{Credentials, netrc};
use crate::sys::file;
use crate::target::Parsed;

/// From the URL, or else from the file of `--netrc`; from both if the URL has only a user.
pub(crate) fn from_url_or_netrc(
    parsed: &Parsed,
    request: &options::RequestArgs,
    env: &Env,
) -> Result<Option<Credentials>, Error> {
    let from_url = parsed.credentials.as_ref();
    let basic =
        |user: &str, password: &str| Credentials::Password { user: user.to_owned(), password: password.to_owned() };
    let path = match (&request.netrc_file, request.netrc) {
        (Some(path), _) => path,
        (None, true) => {
            env.netrc.as_ref().ok_or_else(|| Error::Usage("`--netrc` looks in HOME, which is not set".to_owned()))?
        }
        (None, false) => return Ok(from_url.map(|(user, password)| basic(user, password))),
    };
    let unread = |source| Error::File { what: "read user and password in", path: path.clone(), source };
    let text = file::read_to_string(path).map_err(unread)?;
    if let Some((user, password)) = from_url.filter(|(_, password)| !password.is_empty()) {
        return Ok(Some(basic(user, password)));
    }
    let user = from_url.map(|(user, _)| user.as_str());
    let found = netrc::find(&text, &parsed.target.host(), user);
    Ok(found.map(|login| basic(&login.user, &login.password)).or_else(|| user.map(|user| basic(user, ""))))
}
