//! Scratch.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
use fault_engine::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let program = &final_program::PROGRAM;
    if args[1] == "plan" {
        let mut plan = Plan::none();
        for a in &args[2..] {
            let (f, at) = a.split_once('@').unwrap();
            plan = plan.and(f.parse().unwrap(), at.parse().unwrap());
        }
        let t = std::time::Instant::now();
        let r = run(program, &plan).unwrap();
        for c in &r.calls {
            println!("{} {:?} {} {:?} {:?} {:?}", c.index, c.at, c.site, c.messages, c.fault, c.outcome);
        }
        for f in &r.findings {
            println!("{f}");
        }
        println!("{:?}", t.elapsed());
        return;
    }
    let t = std::time::Instant::now();
    let effort =
        Effort { threads: 2, pairs_within: args[2].parse().unwrap(), random: args[3].parse().unwrap() };
    let s = survey(program, effort, &|_, _| {}).unwrap();
    for (row, cell) in &s.cells {
        println!("{row:?} runs {} damaged {:?}", cell.runs, cell.damaged);
        if let Some((p, f)) = &cell.example {
            println!("   {p}: {:?}", f.iter().map(|f| f.to_string()).collect::<Vec<_>>());
        }
    }
    for site in &s.unbroken {
        println!("UNBROKEN {site}");
    }
    println!("{} runs {:?}", s.runs(), t.elapsed());
}
