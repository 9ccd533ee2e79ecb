use super::*;

fn keys(shape: &Shape) -> Vec<String> {
    shape.keys.iter().map(|it| format!("{}{}{}", it.path, it.key, if it.required { "!" } else { "" })).collect()
}

#[test]
fn dump() {
    for kind in FileKind::ALL {
        let start = std::time::Instant::now();
        let shape = Shape::of(kind);
        println!("== {kind:?} {:?} {} keys {} rules", start.elapsed(), shape.keys.len(), shape.rules.len());
        println!("{}", keys(&shape).join(" "));
        for rule in &shape.rules {
            println!("{rule:?}");
        }
    }
}
