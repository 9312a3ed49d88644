//! `cargo run -p protocol-model`: the shortest way to what each planted defect breaks, then all states of the
//! sound protocol.
//!
//! `defects` or `sound` as an argument runs one of the two. The exit code is 1 when a defect is not found by
//! the property that is named for it, when the sound protocol breaks a property or cannot do what it must, or
//! when there are fewer than ten million distinct states.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use protocol_model::{Bounds, Defect, LEAST_STATES, Protocol, Report, explore, find};

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let sound = match std::env::args().nth(1).as_deref() {
        None => defects(&mut out)? & all_states(&mut out)?,
        Some("defects") => defects(&mut out)?,
        Some("sound") => all_states(&mut out)?,
        Some(other) => {
            writeln!(io::stderr(), "{other} is neither `defects` nor `sound`")?;
            return Ok(ExitCode::from(2));
        }
    };
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn defects(out: &mut impl Write) -> io::Result<bool> {
    let mut found = 0;
    for defect in Defect::ALL.iter().copied() {
        writeln!(out, "{defect:?}: {}", defect.says())?;
        match find(defect) {
            Some(it) => {
                found += usize::from(it.properties.contains(&defect.caught_by()));
                writeln!(out, "  breaks after {} steps, {} states", it.trace.len(), it.distinct)?;
                it.properties.iter().try_for_each(|property| writeln!(out, "    {property}"))?;
                it.trace.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            }
            None => writeln!(out, "  NOT FOUND")?,
        }
    }
    writeln!(out, "{found} of {} planted defects are found\n", Defect::ALL.len())?;
    Ok(found == Defect::ALL.len())
}

fn all_states(out: &mut impl Write) -> io::Result<bool> {
    let (mut sound, mut distinct, mut not_seen) = (true, 0, None::<Vec<_>>);
    for bounds in Bounds::EXPLORED {
        let report = reported(out, bounds)?;
        sound &= report.violation.is_none();
        distinct += report.distinct;
        let before = not_seen.unwrap_or_else(|| report.not_seen.clone());
        not_seen = Some(before.into_iter().filter(|it| report.not_seen.contains(it)).collect());
    }
    let not_seen = not_seen.unwrap_or_default();
    writeln!(out, "distinct states of all explorations: {distinct}")?;
    not_seen.iter().try_for_each(|it| writeln!(out, "not seen in any: {it}"))?;
    if distinct < LEAST_STATES {
        writeln!(out, "fewer than {LEAST_STATES} distinct states: the bounds are too narrow")?;
    }
    Ok(sound && not_seen.is_empty() && distinct >= LEAST_STATES)
}

fn reported(out: &mut impl Write, bounds: Bounds) -> io::Result<Report> {
    writeln!(out, "the protocol as it is: {bounds}")?;
    out.flush()?;
    let report = explore(Protocol::sound(bounds), 2);
    writeln!(out, "{report}\n")?;
    Ok(report)
}
