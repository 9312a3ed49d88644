//! A function: whether it may run, whether its last change went well, and what it is told.

use std::collections::HashMap;

use aws_sdk_lambda::{
    error::SdkError,
    operation::get_function_configuration::{
        GetFunctionConfigurationError, GetFunctionConfigurationOutput as Configuration,
    },
    types::{LastUpdateStatus, State},
};

use super::super::check::{Check, Findings, Seen, Verdict};
use crate::deployment::Deployment;

/// What is called: a function, by an alias or a version of it or as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
}

/// What Lambda tells of a function.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// What is called.
    pub(super) called: Configuration,
    /// The newest of it, which is what was changed last.
    pub(super) newest: Configuration,
    /// How much may run at once, where somebody has set that.
    pub(super) reserved: Option<i32>,
}

/// What a function must have.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// Seconds: with fewer it cannot end what it begins.
    pub(super) least_timeout: i32,
    /// Variables of its environment.
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Target {
    /// The function as it is now.
    pub(super) fn newest(name: impl Into<String>) -> Self {
        Self { name: name.into(), qualifier: None }
    }

    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and perhaps a qualifier.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':').skip(6);
        Some(Self { name: parts.next()?.to_owned(), qualifier: parts.next().map(str::to_owned) })
    }
}

/// Asks for it; none where there is no such function, or no such alias of it.
pub(super) async fn facts(at: &Deployment, target: &Target) -> Seen<Option<Facts>> {
    let Some(called) = configuration(at, target).await? else { return Ok(None) };
    let newest = match &target.qualifier {
        None => called.clone(),
        Some(_) => match configuration(at, &Target::newest(&target.name)).await? {
            Some(newest) => newest,
            None => return Ok(None),
        },
    };
    let asked = at.lambda.get_function_concurrency().function_name(&target.name).send().await;
    let reserved = asked.map_err(|error| unseen(&target.name, &error))?.reserved_concurrent_executions;
    Ok(Some(Facts { called, newest, reserved }))
}

async fn configuration(at: &Deployment, target: &Target) -> Seen<Option<Configuration>> {
    let request = at.lambda.get_function_configuration().function_name(&target.name);
    match request.set_qualifier(target.qualifier.clone()).send().await {
        Ok(answer) => Ok(Some(answer)),
        Err(SdkError::ServiceError(error)) if is_gone(error.err()) => Ok(None),
        Err(error) => Err(unseen(&target.name, &error)),
    }
}

fn is_gone(error: &GetFunctionConfigurationError) -> bool {
    error.is_resource_not_found_exception()
}

fn unseen(name: &str, error: &(dyn std::error::Error + 'static)) -> Check {
    Check::not_seen(format!("function {name}"), "Lambda", error)
}

/// The verdict on a function that is called.
pub(super) fn judged(target: &Target, facts: Option<&Facts>, needs: &Needs) -> Vec<Check> {
    let what = format!("function {}", target.name);
    let Some(Facts { called, newest, reserved }) = facts else {
        let gone = match &target.qualifier {
            Some(qualifier) => format!("it is not there, or has no alias {qualifier}: nobody does its work"),
            None => "it is not there: nobody does its work".to_owned(),
        };
        return vec![Check::new(what, Verdict::Bad, gone)];
    };
    let (mut found, timeout) = (Findings::of(what), called.timeout().unwrap_or_default());
    let reason = |text: Option<&str>| text.unwrap_or("Lambda gives no reason").to_owned();
    found
        .bad_if(*reserved == Some(0), "its reserved concurrency is 0: it never runs; delete the reservation");
    found.bad_if(
        matches!(called.state(), Some(State::Failed)),
        format!("Lambda cannot run it: {}", reason(called.state_reason())),
    );
    found.warn_if(
        matches!(called.state(), Some(State::Pending | State::Inactive)),
        "it is being made ready; ask again",
    );
    found.bad_if(
        matches!(newest.last_update_status(), Some(LastUpdateStatus::Failed)),
        format!("its last change failed: {}", reason(newest.last_update_status_reason())),
    );
    found.warn_if(
        matches!(newest.last_update_status(), Some(LastUpdateStatus::InProgress)),
        "it is being changed; ask again",
    );
    found.warn_if(
        timeout < needs.least_timeout,
        format!("it may run for {timeout} s, and needs {} to end what it begins", needs.least_timeout),
    );
    let none = HashMap::new();
    let variables = called.environment().and_then(|environment| environment.variables()).unwrap_or(&none);
    for (name, wanted) in &needs.variables {
        // What is not set is off.
        let unset = if wanted == "false" { "false" } else { "not set" };
        let is = variables.get(*name).map_or(unset, String::as_str);
        found.bad_if(is != wanted, format!("its {name} is {is}, and not {wanted}"));
    }
    let version = called.version().unwrap_or("$LATEST");
    found.checks(format!("there, version {version}, may run for {timeout} s"))
}
