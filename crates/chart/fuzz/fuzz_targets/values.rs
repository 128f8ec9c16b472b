//! Any text as values, set flags, Chart.yaml and ignore rules of a chart: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_chart::values::strvals::{self, Mode};
use rosin_chart::{File, load_files, yaml};
use rosin_template::{Map, Value};

fuzz_target!(|text: &str| {
    let nowhere = |_: &str| Err("no file".to_owned());
    for mode in [Mode::Typed, Mode::Text, Mode::Json, Mode::File(&nowhere)] {
        let _ = strvals::set(text, &Map::default(), mode);
    }
    let _ = strvals::set_literal(text, &Map::default());
    if let Ok(Value::Map(values)) = yaml::read(text.as_bytes()) {
        let _ = yaml::write(&Value::Map(values));
    }
    let _ = load_files(vec![
        File::new("Chart.yaml", text),
        File::new("values.yaml", text),
        File::new("requirements.yaml", text),
    ]);
});
