stage_common() { die "not yet"; }
make_archives() { :; }
