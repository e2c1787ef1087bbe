//! Carries out effects: plain commands with absolute times, which the server propagates as one transaction.
//!
//! What every small write does goes through `direct`, which writes to open keys; the rest calls the command itself.

use std::borrow::Cow;

use redis_module::raw;

use super::direct::{text_of, Direct};
use super::keyspace::Keyspace;
use super::log::{log, Level};
use super::{call, compact, tally};
use crate::memory::{Effect, Effects, Error, Result};

/// Carries out every effect, in order, and closes the keys that are open.
///
/// All that could refuse one was checked before: types when the plan was sealed, memory and the role of the
/// server by the flags of the command, the slot by [`super::dispatch`]. Should one fail all the same, the rest is
/// left out, as there is no way back, and the log says so.
pub fn execute(
    ctx: *mut raw::RedisModuleCtx,
    keyspace: &Keyspace,
    effects: &Effects,
) -> Result<()> {
    let mut direct = Direct::new(ctx, keyspace);
    let mut carried_out = Ok(());
    for (done, effect) in effects.iter().enumerate() {
        carried_out = direct.carry_out(effect).unwrap_or_else(|| {
            // The command must find no key open, and its events come after those of the effects before it.
            direct.finish();
            call_command(ctx, effect)
        });
        if let Err(error) = &mut carried_out {
            let all = effects.iter().len();
            log(
                Level::Warning,
                &format!("effect {} of {all} of a command failed: {error}", done + 1),
            );
            if done > 0 {
                *error =
                    Error::Internal("the command was carried out in part; see the server's log");
            }
            break;
        }
        tally::EFFECTS.add(1);
    }
    direct.finish();
    tally::EVICTIONS.add(effects.evicted() as u64);
    carried_out
}

fn call_command(ctx: *mut raw::RedisModuleCtx, effect: &Effect) -> Result<()> {
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    let name = match effect {
        Effect::HashSet(key, fields) => {
            words.push(key.into());
            for (field, value) in fields {
                words.extend([Cow::from(field), value.into()]);
            }
            c"HSET"
        }
        Effect::HashReplace(key, fields, expires_at) => {
            return compact::write_hash(ctx, key, fields, *expires_at);
        }
        Effect::Rank(key, scores) => {
            words.push(key.into());
            for (score, member) in scores {
                words.extend([Cow::from(text_of(*score)), member.into()]);
            }
            c"ZADD"
        }
        Effect::ListTrim(key, keep) => {
            // To keep nothing is to end before the start.
            let (start, end) = keep.checked_sub(1).map_or((1, 0), |end| (0, end));
            words.extend([
                Cow::from(key),
                start.to_string().into(),
                end.to_string().into(),
            ]);
            c"LTRIM"
        }
        Effect::ExpireAt(key, at) => {
            words.extend([Cow::from(key), at.to_string().into()]);
            c"PEXPIREAT"
        }
        Effect::Persist(key) => {
            words.push(key.into());
            c"PERSIST"
        }
        Effect::Delete(keys) => {
            words.extend(keys.iter().map(Cow::from));
            c"UNLINK"
        }
        Effect::HashDelete(key, parts)
        | Effect::ListPush(key, parts)
        | Effect::ListAppend(key, parts)
        | Effect::SetAdd(key, parts)
        | Effect::SetRemove(key, parts)
        | Effect::Unrank(key, parts) => {
            words.push(key.into());
            words.extend(parts.iter().map(Cow::from));
            match effect {
                Effect::HashDelete(..) => c"HDEL",
                Effect::ListPush(..) => c"LPUSH",
                Effect::ListAppend(..) => c"RPUSH",
                Effect::SetAdd(..) => c"SADD",
                Effect::SetRemove(..) => c"SREM",
                _ => c"ZREM",
            }
        }
    };
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    call::write(ctx, name, &words).map(|_| ())
}
