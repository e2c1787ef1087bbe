//! The server's allocator for all of Rust's memory, so that `used_memory` and `maxmemory` see it.
//!
//! The crate's own allocator trusts the server with alignments beyond 8 bytes, which a server built on libc's
//! malloc does not keep: vector instructions on such memory end the process. It also copies on every growth.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

use redis_module::raw;

/// What every server keeps, whatever it is built on.
const SERVER_ALIGN: usize = 8;

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
        // SAFETY: the pointer is set before the first allocation and never changes.
        match unsafe { raw::RedisModule_Alloc } {
            // SAFETY: any size may be asked for.
            Some(alloc) => unsafe { alloc(layout.size()).cast() },
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = if layout.align() > SERVER_ALIGN {
            // SAFETY: `alloc_aligned` put the block's start into the word before it.
            unsafe { block.cast::<*mut u8>().sub(1).read() }
        } else {
            block
        };
        // SAFETY: as in `alloc`; the start is what the server handed out.
        unsafe {
            if let Some(free) = raw::RedisModule_Free {
                free(start.cast());
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > SERVER_ALIGN {
            // SAFETY: the block has the size of the layout.
            return unsafe {
                let block = alloc_aligned(layout);
                if !block.is_null() {
                    block.write_bytes(0, layout.size());
                }
                block
            };
        }
        // SAFETY: as in `alloc`.
        match unsafe { raw::RedisModule_Calloc } {
            // SAFETY: any size may be asked for.
            Some(calloc) => unsafe { calloc(1, layout.size()).cast() },
            None => ptr::null_mut(),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > SERVER_ALIGN {
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
        // SAFETY: as in `alloc`; the block came from the server.
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
    // SAFETY: the pointer is set before the first allocation and never changes; any size may be asked for.
    let start: *mut u8 = match unsafe { raw::RedisModule_Alloc } {
        // SAFETY: as above.
        Some(alloc) => unsafe { alloc(size).cast() },
        None => return ptr::null_mut(),
    };
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
