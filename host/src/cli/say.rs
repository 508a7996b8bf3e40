//! What a command says on standard output. Whoever reads it may stop early, as `head` does: that is no failure.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _, stderr, stdout};

use crate::spelling;

/// Says a line.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::say::all(format_args!("{}\n", format_args!($($text)*)))
    };
}
/// Says it as it is.
macro_rules! show {
    ($($text:tt)*) => {
        $crate::cli::say::all(format_args!($($text)*))
    };
}
pub(super) use {say, show};

/// Says it, and where that cannot be done, says why. Much of it comes from elsewhere: nothing that a terminal obeys gets through.
pub(super) fn all(text: Arguments<'_>) {
    let text = text.to_string();
    let said = stdout()
        .lock()
        .write_all(spelling::visible_lines(&text).as_bytes())
        .and_then(|()| stdout().flush());
    if let Err(failure) = said
        && failure.kind() != ErrorKind::BrokenPipe
    {
        // Nobody is left to tell of a failure here.
        let _ = writeln!(stderr(), "cannot write what is to be said: {failure}");
    }
}
