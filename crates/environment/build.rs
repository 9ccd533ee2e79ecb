//! Shipped scenarios lie in the program: a file that is new among them has to be seen, as one that changed is.

fn main() {
    println!("cargo::rerun-if-changed=../../environments");
}
