"""Chapter 05: experiments and claims."""
