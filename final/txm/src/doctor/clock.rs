//! Whether this machine's clock is that of AWS: ages are counted by it, and signatures hold for five minutes
//! only.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::{
    interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
    runtime_components::RuntimeComponents,
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc2822};

use super::{Check, Verdict};
use crate::{
    deployment::Deployment,
    failure::{Failure, Result},
};

/// More than this is a clock that nobody keeps in time. The header has whole seconds, and the call takes its
/// time.
const MAY_DIFFER: Duration = Duration::seconds(5);

/// Remembers the time in an answer's head.
#[derive(Clone, Debug, Default)]
struct Date(Arc<Mutex<Option<String>>>);

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut aws_smithy_types::config_bag::ConfigBag,
    ) -> std::result::Result<(), aws_smithy_runtime_api::box_error::BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

pub(super) async fn check(at: &Deployment) -> Result<Check> {
    let date = Date::default();
    let asked = at.sns.list_topics().customize().interceptor(date.clone()).send().await;
    asked.map_err(|error| Failure::of("topics", &error))?;
    let now = at.ambient.now();
    let told = date.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    let what = "the clock of this machine";
    let Some(time) = told.and_then(|text| OffsetDateTime::parse(&text, &Rfc2822).ok()) else {
        return Ok(Check::new(what, Verdict::NotSeen, "the answer names no time"));
    };
    let ahead = now - time;
    let text = format!("{} s ahead of AWS's", ahead.whole_seconds());
    Ok(Check::holds(what, ahead.abs() <= MAY_DIFFER, text.clone(), format!("{text}: keep it in time")))
}
