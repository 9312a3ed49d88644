//! Each planted defect is found, by the property that is named for it; without it, the same bounds break
//! nothing.

use protocol_model::{Defect, Protocol, explore, find};

#[test]
fn every_defect_is_found_by_its_property() {
    assert_eq!(Defect::ALL.len(), 38, "README.md says how many defects are planted");
    for defect in Defect::ALL {
        let found = find(*defect).unwrap_or_else(|| panic!("{defect:?} is not found"));
        let named = defect.caught_by();
        assert!(found.properties.contains(&named), "{defect:?} breaks {:?}, not {named:?}", found.properties);
    }
}

#[test]
fn the_cure_put_back_nothing_is_broken() {
    for defect in Defect::ALL {
        let report = explore(Protocol::sound(defect.bounds()), 1);
        assert!(report.violation.is_none(), "in the bounds of {defect:?}: {report}");
    }
}

fn trace(defect: Defect) -> String {
    let found = find(defect).unwrap_or_else(|| panic!("{defect:?} is not found"));
    format!("{}\n\n{}\n\n{}", defect.says(), found.trace.join("\n"), found.properties.join("\n"))
}

#[test]
fn two_reservations_race() {
    insta::assert_snapshot!(trace(Defect::NoVersionCondition));
}

#[test]
fn a_query_shows_a_row_without_the_one_before_it() {
    insta::assert_snapshot!(trace(Defect::QueryAsProof));
}

#[test]
fn two_consumers_take_each_others_message_for_a_duplicate() {
    insta::assert_snapshot!(trace(Defect::InboxKeyWithoutConsumer));
}

#[test]
fn a_parked_subject_stops_the_others() {
    insta::assert_snapshot!(trace(Defect::ParkingBlocksAll));
}
