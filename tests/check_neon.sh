# check_neon.sh - kernels and convolution on 64-bit ARM: cross-compiled, and run under qemu.
. "$SOURCE/tests/tap.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "ok - NEON # SKIP no $tool"; exit; }
done
PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config --exists cmocka || { echo "ok - NEON # SKIP no cmocka for arm64"; exit; }

cd "$SOURCE" || exit 1
attempt "NEON: configure" env CFLAGS= "$CMAKE" --preset neon -B "$BUILD/neon" -DSTRIATE_WERROR="${CI:+ON}"
attempt "NEON: build" "$CMAKE" --build "$BUILD/neon" --target check_kernels check_conv -j 2
attempt "NEON: check_kernels" qemu-aarch64 "$BUILD/neon/tests/check_kernels"
attempt "NEON: check_conv, its first 1000 layers" qemu-aarch64 "$BUILD/neon/tests/check_conv" 0 1000
