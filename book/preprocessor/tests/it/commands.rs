//! The commands of a page are run as the page shows them.

use std::path::PathBuf;

use book_preprocessor::commands::{run, steps};

use super::Fixture;

fn complaints(test: &str, page: &str) -> Vec<String> {
    run_in_fixture(test, page).1
}

/// Where the commands ran, and what was wrong.
fn run_in_fixture(test: &str, page: &str) -> (PathBuf, Vec<String>) {
    let fixture = Fixture::new(&format!("commands_{test}"), &[("there.txt", "one\ntwo  \nthree\n")]);
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("commands_{test}_scratch"));
    let root = fixture.repository().root().to_owned();
    let complaints = run(&steps(page).unwrap(), &root, &scratch).unwrap();
    (root, complaints)
}

#[test]
fn what_is_printed_as_shown_is_right() {
    let page = "Text.\n\n```console,run\n$ cat there.txt\none\ntwo\nthree\n$ cat there.txt; echo four >&2\none\n...\nfour\n```\n";
    assert_eq!(complaints("right", page), Vec::<String>::new());
}

#[test]
fn what_is_printed_otherwise_is_told_with_its_line() {
    let found = complaints("wrong", "```console,run\n$ cat there.txt\none\nthree\n```\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("line 2: `cat there.txt` prints something else"), "{found:?}");
    assert!(found[0].contains("+two"), "{found:?}");
}

#[test]
fn fences_without_the_mark_are_not_run() {
    assert_eq!(steps("```console\n$ false\n```\n\n```sh\nfalse\n```\n").unwrap(), []);
}

#[test]
fn commands_of_a_page_share_a_shell_and_one_in_the_background_ends_with_it() {
    // The one of the function is a child of the job.
    let page = "```console,run
$ mkdir a && cd a
$ sleep 600 & echo $! > pid
$ program() { sleep 600 & echo $! > child; wait; }
$ program & until [ -s child ]; do sleep 0.01; done
```

```console,run
$ basename $PWD
a
```
";
    let (root, complaints) = run_in_fixture("shell", page);
    assert_eq!(complaints, Vec::<String>::new());
    for name in ["pid", "child"] {
        let pid = std::fs::read_to_string(root.join("a").join(name)).unwrap();
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{name}: {state}");
    }
}

#[test]
fn a_command_that_fails_must_be_marked_and_one_that_is_marked_must_fail() {
    let found = complaints("fails", "```console,run\n$ echo why; false\nwhy\n```\n");
    assert!(found[0].contains("ended with 1:\nwhy"), "{found:?}");
    assert_eq!(
        complaints("fails_marked", "```console,run,fails\n$ echo why; false\nwhy\n```\n"),
        Vec::<String>::new()
    );
    let found = complaints("fails_not", "```console,run,fails\n$ true\n```\n");
    assert!(found[0].contains("should fail and does not"), "{found:?}");
}

#[test]
fn a_marked_fence_begins_with_a_command() {
    let error = steps("```console,run\n$ true\n```\n\n```console,run\nout\n```\n").unwrap_err();
    assert_eq!(error.to_string(), "line 6: a fence that is run begins with `$ ` and a command");
}
