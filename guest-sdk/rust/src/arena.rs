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
    /// The first byte that is free.
    free: Cell<*const u8>,
}

#[expect(unsafe_code, reason = "wasm without threads: nobody shares the arena")]
// SAFETY: a component's core module has one thread.
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena {
    free: Cell::new(&raw const __heap_base),
};

#[expect(unsafe_code, reason = "the linker says where the data ends")]
// SAFETY: `wasm-ld` defines the symbol in every module; only its address is taken.
unsafe extern "C" {
    safe static __heap_base: u8;
}

/// Every block starts at a multiple of this, which suffices for all that a policy is made of.
const ALIGN: usize = 8;

impl Arena {
    /// Takes `size` bytes from `start` on; null where they do not fit, which ends the decision with a trap.
    #[inline]
    fn take(&self, start: usize, size: usize) -> *mut u8 {
        let size = size.wrapping_add(ALIGN - 1) & !(ALIGN - 1);
        // All memory that a module may have is one byte more than an address can say: then this wraps, and is still right.
        let left = (memory_size::<0>() * PAGE_BYTES).wrapping_sub(start);
        if size > left && memory_grow::<0>((size - left).div_ceil(PAGE_BYTES)) == usize::MAX {
            return ptr::null_mut();
        }
        let block = ptr::with_exposed_provenance_mut::<u8>(start);
        self.free.set(block.wrapping_add(size));
        block
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every block lies inside the memory behind the code's own data, starts where its layout asks, and is never handed out twice.
unsafe impl GlobalAlloc for Arena {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = self.free.get().expose_provenance();
        match layout.align() {
            ..=ALIGN => self.take(free, layout.size()),
            align => match free.checked_next_multiple_of(align) {
                Some(start) => self.take(start, layout.size()),
                None => ptr::null_mut(),
            },
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
        let end = block.addr() + layout.size().next_multiple_of(ALIGN);
        if end == self.free.get().addr() {
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

/// Where the host puts what it hands over.
#[expect(
    unsafe_code,
    reason = "the canonical interface names it and says what it is given"
)]
// SAFETY: no other function has this name. The host gives an old block only if it got that from here, with its size and
// alignment; and nothing in the interface is aligned to more than `ALIGN`.
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn room(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    // SAFETY: as above.
    let block = unsafe {
        match old_size {
            0 => ARENA.take(ARENA.free.get().expose_provenance(), size),
            _ => ARENA.realloc(
                old,
                Layout::from_size_align_unchecked(old_size, align),
                size,
            ),
        }
    };
    if block.is_null() {
        core::arch::wasm32::unreachable();
    }
    block
}
