//! The W3C trace context of a message.

/// Whether this is a `traceparent` as W3C writes it ("Trace Context", section 3.2): version, trace id, parent id and flags, in lower-case
/// hexadecimal digits. A later version may append fields; they are not needed, may be of any length, and make it invalid here.
pub(super) fn is_valid(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(5, '-').collect();
    let [version, trace, parent, flags] = parts[..] else { return false };
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && some(trace)
        && hex(parent, 16)
        && some(parent)
        && hex(flags, 2)
}
