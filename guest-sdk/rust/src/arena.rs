//! The allocator of a policy. An instance lives for one decision, so nothing is ever given back: memory is handed out from
//! one fixed arena, and never grows. An allocation is an addition, and a fresh instance has nothing to set up.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};
use core::ptr;

/// What one decision may allocate. With the stack and the code's own data a policy stays within four pages of 64 KiB, and
/// the largest event that a host takes (64 KiB) fits twice.
const ARENA_BYTES: usize = 64 * 1024;

#[repr(align(16))]
struct Arena {
    bytes: UnsafeCell<[u8; ARENA_BYTES]>,
    used: Cell<usize>,
}

#[expect(unsafe_code, reason = "wasm without threads: nobody shares the arena")]
// SAFETY: a component's core module has one thread.
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena {
    bytes: UnsafeCell::new([0; ARENA_BYTES]),
    used: Cell::new(0),
};

impl Arena {
    /// Takes `size` bytes from `start` on; null where they do not fit, which ends the decision with a trap.
    fn take(&self, start: usize, size: usize) -> *mut u8 {
        match start.checked_add(size) {
            Some(end) if end <= ARENA_BYTES => {
                self.used.set(end);
                self.bytes.get().cast::<u8>().wrapping_add(start)
            }
            _ => ptr::null_mut(),
        }
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every block lies inside the arena, starts where its layout asks, and is never handed out twice.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().addr();
        let start = (base + self.used.get()).next_multiple_of(layout.align()) - base;
        self.take(start, layout.size())
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
        let start = block.addr() - self.bytes.get().addr();
        if start + layout.size() == self.used.get() {
            return self.take(start, size);
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
