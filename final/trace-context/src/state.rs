//! `tracestate`: a list of pairs, one for each tracing system on the way ("W3C Trace Context Level 2",
//! section 3.3.1).

/// What is carried at least, and here at most: in an outbox each byte is paid for.
const LONGEST: usize = 512;

/// More members make it invalid.
const MOST_MEMBERS: usize = 32;

/// A key or a value has no more characters.
const LONGEST_PART: usize = 256;

/// The list without spaces around its members and without empty ones; none when it breaks a rule or is empty.
pub(crate) fn checked(text: &str) -> Option<String> {
    let members = text.split(',').map(|member| member.trim_matches([' ', '\t']));
    let members: Vec<_> = members.filter(|member| !member.is_empty()).collect();
    let mut keys: Vec<_> = members.iter().map(|member| key_of(member)).collect::<Option<_>>()?;
    keys.sort_unstable();
    let is_twice = keys.windows(2).any(|pair| pair[0] == pair[1]);
    let text = members.join(",");
    let is_kept = !members.is_empty() && members.len() <= MOST_MEMBERS && text.len() <= LONGEST && !is_twice;
    is_kept.then_some(text)
}

/// The key of a member; none when it is no pair.
fn key_of(member: &str) -> Option<&str> {
    let (key, value) = member.split_once('=')?;
    let begins = key.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_key = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
    };
    let is_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    let fits = |part: &str| (1..=LONGEST_PART).contains(&part.len());
    let holds = begins && fits(key) && fits(value) && key.bytes().all(is_key) && value.bytes().all(is_value);
    holds.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_carried_as_it_is_without_what_means_nothing() {
        for text in ["congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "0t@sys=a b,x/*-_=!"] {
            assert_eq!(checked(text).as_deref(), Some(text));
        }
        assert_eq!(checked(" a=1 ,\t,, b=2").as_deref(), Some("a=1,b=2"));
        let most: Vec<_> = (0..MOST_MEMBERS).map(|number| format!("k{number}=v")).collect();
        assert!(checked(&most.join(",")).is_some());
        assert!(checked(&format!("a={}", "v".repeat(256))).is_some());
    }

    #[test]
    fn one_that_breaks_a_rule_is_dropped_as_a_whole() {
        let many: Vec<_> = (0..=MOST_MEMBERS).map(|number| format!("k{number}=v")).collect();
        let long = format!("a={},b={},c=1", "v".repeat(254), "v".repeat(254));
        let odd = [
            "", " , ", "a", "a=", "=1", "A=1", "_a=1", "a=1,a=2", "good=1,a", "a=1=2", "a=\u{e9}", "a=1\n2",
            "a b=1",
        ];
        for text in odd.into_iter().chain([many.join(",").as_str(), &long, &format!("a={}", "v".repeat(257))])
        {
            assert_eq!(checked(text), None, "{text:?}");
        }
    }
}
