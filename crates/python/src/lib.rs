//! The extension module `outlay._outlay`: what the Python package does not do in Python.

mod action;
mod batch;
mod errors;
mod judging;
mod lane;
mod player;
mod scenario;

use pyo3::prelude::*;

/// The part of the package that is written in Rust.
#[pymodule]
fn _outlay(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::add(module)?;
    module.add_class::<scenario::Scenario>()?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<player::Player>()?;
    module.add_class::<judging::Comparison>()?;
    module.add_function(wrap_pyfunction!(scenario::shipped, module)?)?;
    module.add_function(wrap_pyfunction!(scenario::agents, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
