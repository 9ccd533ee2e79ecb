//! `outlay train`
use crate::{cli, failure::Failure, terminal::Terminal};
pub(crate) fn run(_arguments: &cli::Train, _timing: bool, _terminal: Terminal) -> Result<u8, Failure> {
    Err(Failure::run("not yet"))
}
