//! The commands that a server sends its replicas and appends to its file.

/// The commands in a piece of the stream, without what only replication itself needs; one cut short is left out.
pub fn commands(mut stream: &[u8]) -> Vec<Vec<Vec<u8>>> {
    fn line<'s>(stream: &mut &'s [u8]) -> Option<&'s [u8]> {
        let end = stream.windows(2).position(|two| two == b"\r\n")?;
        let (line, rest) = stream.split_at(end);
        *stream = &rest[2..];
        Some(line)
    }
    fn number(line: &[u8]) -> usize {
        std::str::from_utf8(&line[1..]).ok().and_then(|text| text.parse().ok()).expect("a number")
    }
    let mut commands = Vec::new();
    while let Some(head) = line(&mut stream) {
        let mut words = Vec::new();
        for _ in 0..number(head) {
            let Some(length) = line(&mut stream).map(number) else { return commands };
            if stream.len() < length + 2 {
                return commands;
            }
            words.push(stream[..length].to_vec());
            stream = &stream[length + 2..];
        }
        if !["PING", "REPLCONF"].iter().any(|name| words[0].eq_ignore_ascii_case(name.as_bytes())) {
            commands.push(words);
        }
    }
    commands
}
