//! Reading the environment: everything that is wrong is told at once, and nothing half-read gets out.

use service_kit::{BaseSettings, Environment, Mode, SettingsError, settings::listen_address};

fn base<const N: usize>(variables: [(&str, &str); N]) -> Result<BaseSettings, SettingsError> {
    Environment::from_iter(variables).read(BaseSettings::read)
}

#[test]
fn the_base_settings_take_the_names_of_the_seed_in_any_case() {
    let settings = base([
        ("environment", "autotest"),
        ("Aws_Region", " eu-west-1\n"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("RELEASE", "3b3d51c0ffee"),
    ]);
    let expected = BaseSettings {
        environment: Mode::Development,
        region: "eu-west-1".to_owned(),
        endpoint_url: Some("http://127.0.0.1:4566".to_owned()),
        release: Some("3b3d51c0ffee".to_owned()),
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn what_is_left_out_or_empty_takes_its_default() {
    let settings =
        base([("ENVIRONMENT", "development"), ("AWS_REGION", "x"), ("AWS_ENDPOINT_URL", "  ")]).unwrap();
    assert_eq!(settings.endpoint_url, None);
}

#[test]
fn a_name_in_capitals_wins_over_the_same_name_in_small_letters() {
    for variables in [
        [("AWS_REGION", "right"), ("aws_region", "wrong")],
        [("aws_region", "wrong"), ("AWS_REGION", "right")],
    ] {
        let mut env = Environment::from_iter(variables);
        assert_eq!(env.required("aws_region", "a region").as_deref(), Ok("right"));
    }
}

#[test]
fn every_environment_but_two_is_production() {
    for (name, mode) in [
        ("development", Mode::Development),
        ("autotest", Mode::Development),
        ("production", Mode::Production),
        ("staging", Mode::Production),
        ("Development", Mode::Production),
        ("developement", Mode::Production),
    ] {
        assert_eq!(
            base([("ENVIRONMENT", name), ("AWS_REGION", "eu-west-1")]).unwrap().environment,
            mode,
            "{name}"
        );
    }
}

#[test]
fn one_error_names_everything_that_is_wrong_and_what_is_expected() {
    let mut env = Environment::from_iter([("PORT", "70000"), ("AWS_ENDPOINT_URL", "localhost")]);
    let base = BaseSettings::read(&mut env);
    let table = env.required("DYNAMODB_ORDERS_TABLE_NAME", "the name of the orders table");
    let port = env.parsed("PORT", 9701_u16, "a TCP port");
    let error = env.finish(|| Ok((base?, table?, port?))).unwrap_err();

    let names: Vec<_> = error.problems().iter().map(|problem| problem.split(' ').next().unwrap()).collect();
    assert_eq!(
        names,
        ["ENVIRONMENT", "AWS_REGION", "AWS_ENDPOINT_URL", "DYNAMODB_ORDERS_TABLE_NAME", "PORT"]
    );
    let text = error.to_string();
    assert!(text.contains("AWS_REGION is missing; set it to the AWS region, such as eu-west-1"), "{text}");
    assert!(
        text.contains("PORT is malformed (number too large to fit in target type); set it to a TCP port"),
        "{text}"
    );
    assert!(!text.contains("70000"), "a value may be a secret in the wrong place: {text}");
}

#[test]
fn a_complaint_keeps_the_settings_back_even_if_the_caller_forgets_the_value() {
    let mut env = Environment::from_iter([("PORT", "none")]);
    let _ = env.parsed("PORT", 9701_u16, "a TCP port");
    assert_eq!(env.finish(|| Ok("built without the port")).unwrap_err().problems().len(), 1);
}

#[test]
fn a_rule_of_the_service_joins_the_list() {
    let mut env = Environment::from_iter([("BATCH_SIZE", "0")]);
    let size = env.parsed("BATCH_SIZE", 10_u32, "a number from 1 to 10");
    let size = match size {
        Ok(0) => Err(env.reject("BATCH_SIZE", "is 0; set it to a number from 1 to 10")),
        other => other,
    };
    assert_eq!(
        env.finish(|| size).unwrap_err().problems(),
        ["BATCH_SIZE is 0; set it to a number from 1 to 10"]
    );
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_unicode_is_reported_and_does_not_panic() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let mut env = Environment::from_iter([("AWS_REGION", OsString::from_vec(vec![0xff]))]);
    let region = env.optional("AWS_REGION", "eu-west-1");
    assert_eq!(env.finish(|| region).unwrap_err().problems(), ["AWS_REGION is not valid UTF-8"]);
}

#[test]
fn production_refuses_to_start_with_an_endpoint_that_is_not_aws() {
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "aws_endpoint_url_dynamodb"] {
        let variables =
            [("ENVIRONMENT", "production"), ("AWS_REGION", "eu-west-1"), (name, "https://sqs.example.org")];
        let error = base(variables).unwrap_err();
        assert_eq!(error.problems().len(), 1);
        assert!(error.to_string().contains("points outside AWS"), "{error}");
    }
}

#[test]
fn production_takes_an_endpoint_of_aws() {
    let url = "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com";
    let settings =
        base([("ENVIRONMENT", "production"), ("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", url)]);
    assert_eq!(settings.unwrap().endpoint_url.as_deref(), Some(url));
}

#[test]
fn printing_the_environment_gives_no_value_away() {
    let text = format!("{:?}", Environment::from_iter([("AWS_SECRET_ACCESS_KEY", "canary")]));
    assert!(text.contains("AWS_SECRET_ACCESS_KEY") && !text.contains("canary"), "{text}");
}

#[test]
fn a_service_listens_to_everybody_in_production_and_to_its_own_machine_at_a_desk() {
    let listen = |variables: &[(&str, &str)]| {
        let address = Environment::from_iter(variables.iter().copied()).read(listen_address);
        address.map(|address| address.to_string())
    };
    let (desk, production) = (("ENVIRONMENT", "development"), ("ENVIRONMENT", "production"));
    assert_eq!(listen(&[desk]).unwrap(), "127.0.0.1:9700");
    assert_eq!(listen(&[production]).unwrap(), "0.0.0.0:9700");
    assert_eq!(listen(&[production, ("HOST", "::1"), ("PORT", "80")]).unwrap(), "[::1]:80");
    assert_eq!(listen(&[desk, ("PORT", "0")]).unwrap(), "127.0.0.1:0");
    for wrong in [&[production, ("PORT", "0")][..], &[desk, ("PORT", "70000")], &[desk, ("HOST", "here")]] {
        let error = listen(wrong).unwrap_err();
        assert!(error.problems()[0].starts_with(wrong[1].0), "{error}");
    }
}
