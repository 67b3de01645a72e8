import Glibc

/// How many files and connections this process may have open.
package enum OpenFiles {
    /// For files, pipes and connections to others, beside those that a listener accepts.
    static let reservedCount = 256

    /// Takes as many as the system lets us: the usual 1024 is fewer than the connections that are allowed.
    ///
    /// - Returns: the limit from now on.
    @discardableResult
    package static func raiseLimit() -> Int {
        var limit = rlimit()
        // Safe: reads and writes this one structure only. That it cannot be raised is no error: less is allowed then.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
        return Int(clamping: limit.rlim_cur)
    }
}

extension ConnectionAdmission.Limits {
    /// No more than `1 / parts` of the files this process may open.
    package func fitting(openFiles: Int, parts: Int) -> ConnectionAdmission.Limits {
        let room = max(16, (openFiles - OpenFiles.reservedCount) / parts)
        return ConnectionAdmission.Limits(
            totalCount: min(totalCount, room), perAddressCount: min(perAddressCount, room))
    }
}
