//! The allocator of a policy. An instance lives for one decision, so nothing is ever given back: memory is handed out from
//! the end of the code's own data on, and an allocation is an addition. Most decisions stay within the page of 64 KiB that
//! the stack and the data begin: the host wipes every page of a sandbox after every decision. What does not fit grows the
//! memory, as far as the market's limit lets it.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr;

const PAGE_BYTES: usize = 64 * 1024;

struct Arena {
    /// The address of the first byte that is free; zero before the first allocation.
    free: Cell<usize>,
}

#[expect(unsafe_code, reason = "wasm without threads: nobody shares the arena")]
// SAFETY: a component's core module has one thread.
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena { free: Cell::new(0) };

#[expect(unsafe_code, reason = "the linker says where the data ends")]
// SAFETY: `wasm-ld` defines the symbol in every module; only its address is taken.
unsafe extern "C" {
    safe static __heap_base: u8;
}

impl Arena {
    fn free(&self) -> usize {
        match self.free.get() {
            0 => (&raw const __heap_base).addr(),
            free => free,
        }
    }

    /// Takes `size` bytes from `start` on; null where they do not fit, which ends the decision with a trap.
    fn take(&self, start: usize, size: usize) -> *mut u8 {
        let Some(end) = start.checked_add(size) else {
            return ptr::null_mut();
        };
        let held = memory_size::<0>() * PAGE_BYTES;
        if end > held && memory_grow::<0>((end - held).div_ceil(PAGE_BYTES)) == usize::MAX {
            return ptr::null_mut();
        }
        self.free.set(end);
        ptr::with_exposed_provenance_mut(start)
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every block lies inside the memory behind the code's own data, starts where its layout asks, and is never handed out twice.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.free().checked_next_multiple_of(layout.align()) {
            Some(start) => self.take(start, layout.size()),
            None => ptr::null_mut(),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is the caller's. Memory that was never handed out is still zero.
        unsafe { self.alloc(layout) }
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    /// The newest block grows in place, as a list does while it is filled.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= layout.size() {
            return block;
        }
        if block.addr() + layout.size() == self.free.get() {
            return self.take(block.addr(), size);
        }
        // SAFETY: the caller's layout with a larger size; both blocks are ours, apart, and hold `layout.size()` bytes.
        unsafe {
            let larger = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !larger.is_null() {
                ptr::copy_nonoverlapping(block, larger, layout.size());
            }
            larger
        }
    }
}
