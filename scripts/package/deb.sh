# shellcheck shell=bash
# to come
make_debs() { :; }
