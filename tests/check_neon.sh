# check_neon.sh - kernels and convolution on 64-bit ARM: cross-compiled, and run under qemu.
. "$SOURCE/tests/tap.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "ok - NEON # SKIP no $tool"; exit; }
done
PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config --exists cmocka || { echo "ok - NEON # SKIP no cmocka for arm64"; exit; }

cd "$SOURCE" || exit 1
tests="check_kernels check_conv"
attempt "NEON: configure" env CFLAGS= "$CMAKE" --preset neon -B "$BUILD/neon" -DSTRIATE_WERROR="${CI:+ON}"
attempt "NEON: build" "$CMAKE" --build "$BUILD/neon" --target $tests -j 2
for test in $tests; do attempt "NEON: $test" qemu-aarch64 "$BUILD/neon/tests/$test"; done
