//! The server's allocator for all of Rust's memory, so that `used_memory` and `maxmemory` see it.
//!
//! The crate's own allocator trusts the server with alignments beyond 8 bytes, which a server built on libc's
//! malloc does not keep: vector instructions on such memory end the process. It also copies on every growth.
//!
//! A small write takes and gives back dozens of small blocks, and the server counts each of them, which costs more
//! than what is done with them. So each thread keeps some small blocks that were given back, and hands them out
//! again. They stay counted as used, and there are few of them.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

use redis_module::raw;

/// What every server keeps, whatever it is built on.
const SERVER_ALIGN: usize = 8;

/// Blocks are handed out in steps of this many bytes, so that each fits all requests of its class.
const STEP: usize = 16;
/// How many classes of blocks are kept: up to 512 bytes.
const CLASSES: usize = 32;
/// How many bytes of one class a thread keeps at most: 128 KiB over all classes. None where memory is checked, so that
/// what is used after it was given back is seen.
const KEPT_BYTES: usize = if cfg!(feature = "keeps-no-blocks") {
    0
} else {
    4_096
};

/// The class of a block of `size` bytes; at least [`CLASSES`] for one that is not kept.
fn class_of(size: usize) -> usize {
    size.saturating_sub(1) / STEP
}

/// The blocks of one class that were given back: a list that runs through the blocks themselves.
struct Kept {
    first: Cell<*mut u8>,
    count: Cell<usize>,
}

thread_local! {
    // Nothing of it is dropped, so it is there as long as the thread, and access costs next to nothing.
    static KEPT: [Kept; CLASSES] = const {
        [const { Kept { first: Cell::new(ptr::null_mut()), count: Cell::new(0) } }; CLASSES]
    };
}

impl Kept {
    /// A block that was given back, or a new one.
    fn take(&self, class: usize) -> *mut u8 {
        let block = self.first.get();
        if block.is_null() {
            return from_server((class + 1) * STEP);
        }
        // SAFETY: a kept block has room for a pointer, starts with the one to the next block, and is aligned to 8.
        self.first.set(unsafe { block.cast::<*mut u8>().read() });
        self.count.set(self.count.get() - 1);
        block
    }

    /// Keeps a block, or lets the server have it.
    fn give(&self, block: *mut u8, class: usize) {
        let count = self.count.get();
        if count * (class + 1) * STEP >= KEPT_BYTES {
            return to_server(block);
        }
        // SAFETY: the block was given back, so nobody else uses it; it has room for a pointer and is aligned to 8.
        unsafe { block.cast::<*mut u8>().write(self.first.get()) };
        self.first.set(block);
        self.count.set(count + 1);
    }
}

/// Gives the blocks that this thread keeps back to the server.
pub fn give_back() {
    KEPT.with(|kept| {
        for kept in kept {
            while !kept.first.get().is_null() {
                to_server(kept.take(0));
            }
        }
    });
}

fn from_server(size: usize) -> *mut u8 {
    // SAFETY: the pointer is set before the first allocation and never changes; any size may be asked for.
    unsafe { raw::RedisModule_Alloc.map_or(ptr::null_mut(), |alloc| alloc(size).cast()) }
}

fn to_server(block: *mut u8) {
    // SAFETY: the pointer is set before the first allocation and never changes; the block is the server's own and
    // nobody uses it any more.
    unsafe {
        if let Some(free) = raw::RedisModule_Free {
            free(block.cast());
        }
    }
}

/// Allocates from the server. Nothing may be allocated before the server has handed its API over.
pub struct ServerAllocator;

// SAFETY: every block comes from the server's allocator, which is thread-safe, with the size asked for; alignments
// beyond the server's are made here, with the block's own start kept in the word before what is handed out.
unsafe impl GlobalAlloc for ServerAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > SERVER_ALIGN {
            // SAFETY: the caller keeps the contract of GlobalAlloc.
            return unsafe { alloc_aligned(layout) };
        }
        let class = class_of(layout.size());
        if class < CLASSES {
            return KEPT.with(|kept| kept[class].take(class));
        }
        from_server(layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() > SERVER_ALIGN {
            // SAFETY: `alloc_aligned` put the block's start into the word before it.
            return to_server(unsafe { block.cast::<*mut u8>().sub(1).read() });
        }
        let class = class_of(layout.size());
        if class < CLASSES {
            return KEPT.with(|kept| kept[class].give(block, class));
        }
        to_server(block);
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > SERVER_ALIGN || class_of(layout.size()) < CLASSES {
            // SAFETY: the block has the size of the layout.
            return unsafe {
                let block = self.alloc(layout);
                if !block.is_null() {
                    block.write_bytes(0, layout.size());
                }
                block
            };
        }
        // SAFETY: the pointer is set before the first allocation and never changes.
        match unsafe { raw::RedisModule_Calloc } {
            // SAFETY: any size may be asked for.
            Some(calloc) => unsafe { calloc(1, layout.size()).cast() },
            None => ptr::null_mut(),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (old, new) = (class_of(layout.size()), class_of(size));
        if layout.align() > SERVER_ALIGN || old < CLASSES || new < CLASSES {
            if layout.align() <= SERVER_ALIGN && old == new {
                return block;
            }
            // SAFETY: the new layout is as valid as the old; both blocks hold the bytes that are copied.
            return unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                new
            };
        }
        // SAFETY: as in `alloc_zeroed`.
        match unsafe { raw::RedisModule_Realloc } {
            // SAFETY: the block is the server's own.
            Some(realloc) => unsafe { realloc(block.cast(), size).cast() },
            None => ptr::null_mut(),
        }
    }
}

/// A block of a larger alignment than the server keeps.
///
/// # Safety
/// As [`GlobalAlloc::alloc`]; the alignment is at least that of a pointer.
unsafe fn alloc_aligned(layout: Layout) -> *mut u8 {
    let Some(size) = layout.size().checked_add(layout.align()) else {
        return ptr::null_mut();
    };
    let start = from_server(size);
    if start.is_null() {
        return start;
    }
    let ahead = layout.align() - (start as usize & (layout.align() - 1));
    // SAFETY: `ahead` is 8 to `align`, as the server's blocks are aligned to 8; so the word before the block and
    // the block itself lie inside of the `size + align` bytes.
    unsafe {
        let block = start.add(ahead);
        block.cast::<*mut u8>().sub(1).write(start);
        block
    }
}
