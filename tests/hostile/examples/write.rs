//! Writes hostile plugins as components, to try a controller with: `cargo run -p rosin-hostile --example write -- FOLDER NAME...`

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (folder, names) = args
        .split_first()
        .ok_or_else(|| anyhow::anyhow!("which folder?"))?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    rosin_hostile::write(&names, folder.as_ref())
}
