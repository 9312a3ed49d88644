//! The story is the same each time, and the book shows it as it is stored here.
#![allow(clippy::unwrap_used)]

#[test]
fn the_story_is_the_one_in_the_book() {
    let story = chapter_05::story::STORY.tell().unwrap();
    insta::assert_binary_snapshot!("story.txt", story.into_bytes());
}
