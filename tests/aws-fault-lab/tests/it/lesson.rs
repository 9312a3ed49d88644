//! What a failing survey says. The book shows the stored texts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_fault_lab::{Effort, matrix};

use crate::bare::{cured, planted};

/// One fault at a time: of several the embedded SQS may make other runs each time, because messages whose
/// visibility timeout has passed come in any order.
const EFFORT: Effort = Effort { threads: 2, pairs_within: 0, random: 0 };

fn lesson() -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| planted().effort(EFFORT).check())).unwrap_err();
    let text = failed.downcast_ref::<String>().unwrap().trim();
    // The name is that of the thread, which the runner of the tests chooses.
    let (told, _) = text.rsplit_once("cargo test ").unwrap();
    format!("{told}cargo test survives\n")
}

#[test]
fn it_names_the_call_and_the_fault_and_marks_the_place() {
    let lesson = lesson();
    assert!(lesson.contains("AWS_FAULT_LAB='"), "{lesson}");
    insta::assert_binary_snapshot!("lesson.txt", lesson.into_bytes());
}

#[test]
fn its_plan_repeats_the_run_and_the_cured_version_survives_that() {
    let lesson = lesson();
    let plan = lesson.split_once("AWS_FAULT_LAB='").unwrap().1.split_once('\'').unwrap().0.parse().unwrap();
    let (first, second) = (planted().run(&plan).unwrap(), planted().run(&plan).unwrap());
    assert_eq!((&first.calls, &first.findings), (&second.calls, &second.findings));
    assert!(lesson.contains(first.damage().trim()), "{lesson}");
    assert_eq!(cured().run(&plan).unwrap().damage(), "  no damage\n");
}

#[test]
fn the_matrix_shows_both() {
    let (planted, cured) =
        (planted().effort(EFFORT).survey().unwrap(), cured().effort(EFFORT).survey().unwrap());
    let table = matrix(&[("bill", &planted), ("bill_once", &cured)]);
    insta::assert_binary_snapshot!("matrix.txt", table.into_bytes());
}

/// A program that is wrong without any fault is told so, and that nothing else was tried.
#[test]
fn a_program_that_is_wrong_without_a_fault_is_told_so() {
    let wrong = async |_: aws_fault_lab::SdkConfig| -> anyhow::Result<()> { Ok(()) };
    let laboratory = aws_fault_lab::Laboratory::new(wrong, async |_: aws_fault_lab::Lab| anyhow::Ok(()));
    let never = async |_: aws_fault_lab::SdkConfig| anyhow::Ok(vec!["no order was billed".to_owned()]);
    let failed = catch_unwind(AssertUnwindSafe(|| laboratory.invariant("bills", never).check())).unwrap_err();
    let lesson = failed.downcast_ref::<String>().unwrap();
    assert!(lesson.contains("does damage although nothing goes wrong"), "{lesson}");
    assert!(lesson.contains("bills       no order was billed"), "{lesson}");
}
