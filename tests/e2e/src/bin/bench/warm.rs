//! Answers out of the vault.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::measure::{Costs, median, micros, ratio, timed};
use crate::programs::{LINKINGS, Program, home, sealed};

/// By turns, so that whatever slows the machine down slows all of them.
const ROUNDS: usize = 300;

/// Answers that are counted in [`of_many`].
const RUNS: usize = 60;

/// Every helper against a process that does nothing.
pub(crate) fn side_by_side() -> Value {
    let mut all = vec![Program::nothing(), Program::of_the_system()];
    for linking in LINKINGS {
        all.extend([Program::cargo(linking), Program::npm(linking), Program::pip(linking)]);
        all.push(Program::foreign(linking));
    }
    let mut costs: Vec<Costs> = all.iter().map(|_| Costs::default()).collect();
    all.iter().for_each(Program::ask);
    for _ in 0..ROUNDS {
        for (program, costs) in all.iter().zip(&mut costs) {
            costs.add(|| program.ask());
        }
    }
    let (nothing, system) = match costs.as_slice() {
        [nothing, system, ..] => (nothing.median(), system.median()),
        _ => (Duration::ZERO, Duration::ZERO),
    };
    let rows: Vec<Value> = all
        .iter()
        .zip(&costs)
        .map(|(program, costs)| {
            json!({
                "program": program.name,
                "median_us": micros(costs.median()), "least_us": micros(costs.least()), "cpu_us": micros(costs.cpu()),
                "over_nothing": ratio(costs.median(), nothing), "over_true": ratio(costs.median(), system),
                "instructions": program.instructions(), "resident_kib": program.resident_kib(),
                "bytes": program.bytes(),
            })
        })
        .collect();
    json!({
        "what": "warm answers", "rounds": ROUNDS, "rows": rows,
        // On a machine that is busy or sleepy the figures of this run say little.
        "counts": system <= Duration::from_micros(800),
        "budget": { "static_over_nothing": 2.0, "static_over_true": 0.65, "dynamic_over_true": 1.6 },
    })
}

/// What a warm answer costs where much is kept: entries in the vault, and registrations in the configuration.
pub(crate) fn of_many() -> Value {
    let helper = Program::cargo("static");
    helper.ask();
    let answer = || median((0..RUNS).map(|_| timed(|| helper.ask())).collect());
    let mut rows = Vec::new();
    let entry = sealed().pop().expect("the answer is kept");
    for entries in [10_usize, 100, 1_000, 10_000] {
        for number in sealed().len()..entries {
            fs::copy(&entry, entry.with_file_name(format!("token-{number:032x}.sealed")))
                .expect("the vault is writable");
        }
        rows.push(json!({ "entries": entries, "median_us": micros(answer()) }));
    }
    for file in sealed().iter().filter(|file| **file != entry) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("token-0000") {
            fs::remove_file(file).expect("the vault is writable");
        }
    }
    let file = home().join(".vouch/config.json");
    let before = fs::read_to_string(&file).expect("a setup has made it");
    for registrations in [1_usize, 10, 100, 1_000] {
        let mut config: Value = serde_json::from_str(&before).expect("JSON");
        let list = config.pointer_mut("/codeartifact/registrations").and_then(Value::as_array_mut);
        let list = list.expect("a list");
        let one = list.first().cloned().expect("cargo is set up");
        for number in 1..registrations {
            let mut other = one.clone();
            other["repository"] = format!("repo-{number}").into();
            list.push(other);
        }
        fs::write(&file, config.to_string()).expect("the home is writable");
        rows.push(json!({ "registrations": registrations, "median_us": micros(answer()) }));
    }
    fs::write(&file, before).expect("the home is writable");
    json!({ "what": "a warm answer among many", "rows": rows })
}
