//! The `outlay` program.

use std::process::ExitCode;

/// glibc's allocator gives each large buffer back to the kernel, which halves the learner's speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    outlay::main()
}
