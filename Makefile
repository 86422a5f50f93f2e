# A thin front: each word is a line of CMake, CTest or ./bootstrap.
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.PHONY: all demo check check-pytorch bench neon asan tsan fuzz coverage install format clean

all:
	@./bootstrap build

demo:
	@./bootstrap demo

check:
	@./bootstrap check

check-pytorch: all
	@/usr/bin/python3 tests/check_pytorch.py --build build/release

bench: all
	@build/release/striate bench machine
	@build/release/striate bench conv --suite resnet50
	@build/release/striate bench train --model lenet
	@build/release/striate bench infer --model lenet

neon asan tsan coverage:
	cmake --preset $@
	cmake --build --preset $@
	ctest --preset $@ --parallel 2
	@if [ $@ = coverage ]; then gcovr --gcov-ignore-parse-errors -r . -f src -f cli build/coverage/CMakeFiles; fi

fuzz:
	cmake --preset fuzz
	cmake --build --preset fuzz
	@for target in build/fuzz/tests/fuzz_*[a-z0-9]; do \
	    found=build/fuzz/corpus/$${target##*/fuzz_}; mkdir -p $$found; \
	    $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 $$found tests/corpus/$${target##*/fuzz_} || exit 1; done

install: all
	cmake --install build/release --prefix $(PREFIX)

format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cpp')

clean:
	rm -rf build
