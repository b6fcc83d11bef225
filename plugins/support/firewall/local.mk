# plugins/support/firewall: see the top of Makefile.am
