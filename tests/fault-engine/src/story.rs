//! The story that a chapter tells when it is run: all goes well, a fault of the chapter before that is cured
//! now, and the fault that this chapter does not stand. Every word about damage comes from a run.

use std::fmt::Write as _;

use aws_fault_lab::{BoxError, Fault, Plan, SurveyError};

use crate::program::Program;
use crate::run::{Run, idle_minute};
use crate::survey::{baseline, execute};

/// What a chapter says.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// The program.
    pub program: Program,
    /// Its title.
    pub title: &'static str,
    /// What the program is, before anything runs.
    pub opening: &'static str,
    /// The faults, one after the other.
    pub episodes: &'static [Episode],
    /// What is left to cure.
    pub closing: &'static str,
}

/// One fault at one point.
#[derive(Clone, Copy, Debug)]
pub struct Episode {
    /// What happens, as a headline.
    pub heading: &'static str,
    /// What it means.
    pub told: &'static str,
    /// The fault.
    pub fault: Fault,
    /// Where it strikes.
    pub at: At,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// The n-th call, from 1, that this component makes with this operation to this target in the run without
    /// faults.
    Call(&'static str, &'static str, &'static str, usize),
    /// A variant of a fault that strikes no single call.
    Variant(usize),
}

/// Why a story could not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// A run failed, or the program does damage without any fault.
    #[error("the program could not be run")]
    Survey(#[from] SurveyError),
    /// What it does while nothing happens could not be found out.
    #[error("the program could not be run")]
    Idle(#[source] BoxError),
    /// The program makes no such call.
    #[error("{program} makes no such call: {at:?}")]
    NoSuchCall {
        /// The program.
        program: &'static str,
        /// The place.
        at: At,
    },
}

impl Story {
    /// The whole story as text. The same each time.
    ///
    /// # Errors
    ///
    /// [`StoryError`]
    pub fn tell(&self) -> Result<String, StoryError> {
        let sound = baseline(&self.program)?;
        let mut text = format!("{}\n\n{}\n", underlined(self.title, '='), self.opening);
        let _ = writeln!(text, "\n{}\n\n{}", underlined("Nothing goes wrong", '-'), sound.outcome());
        let _ = writeln!(text, "  {} AWS calls\n{}", sound.calls.len(), sound.damage());
        let idle = idle_minute(&self.program).map_err(StoryError::Idle)?;
        let idle: Vec<_> = idle.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
        let _ = writeln!(text, "  While nothing happens, a minute costs {} calls.", idle.join(" and "));
        let plans = self.episodes.iter().map(|episode| episode.plan(&self.program, &sound));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runs = execute(&self.program, plans.collect::<Result<_, _>>()?, threads, &|_, _| {});
        for (episode, run) in self.episodes.iter().zip(runs.map_err(SurveyError::Run)?) {
            let _ = writeln!(text, "\n{}\n\n{}\n", underlined(episode.heading, '-'), episode.told);
            let around = run.around_the_fault();
            if !around.is_empty() {
                let _ = writeln!(text, "{around}");
            }
            let _ = writeln!(text, "{}\n{}", run.outcome(), run.damage().trim_end());
        }
        let _ = writeln!(text, "\n{}\n\n{}", underlined("What is left", '-'), self.closing);
        Ok(text)
    }
}

impl Episode {
    /// The plan that plays it.
    ///
    /// # Errors
    ///
    /// [`StoryError::NoSuchCall`]
    pub fn plan(&self, program: &Program, without_faults: &Run) -> Result<Plan, StoryError> {
        Ok(Plan::one(self.fault, self.at.index(program, without_faults)?))
    }
}

impl At {
    fn index(self, program: &Program, sound: &Run) -> Result<usize, StoryError> {
        let (component, operation, target, number) = match self {
            Self::Variant(variant) => return Ok(variant),
            Self::Call(component, operation, target, number) => (component, operation, target, number),
        };
        let fits = |call: &&aws_fault_lab::Call| {
            let site = &call.site;
            &*site.component == component && site.operation == operation && site.target == target
        };
        let found = sound.calls.iter().filter(fits).nth(number.saturating_sub(1));
        found.map(|call| call.index).ok_or(StoryError::NoSuchCall { program: program.name, at: self })
    }
}

fn underlined(title: &str, line: char) -> String {
    format!("{title}\n{}", line.to_string().repeat(title.chars().count()))
}
