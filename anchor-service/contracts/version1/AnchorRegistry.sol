// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The heads of append-only logs
/// @notice Holds, for each log, the newest anchored size and root, and accepts
/// a new one only with a proof that it extends the old one (RFC 9162, 2.1.4.2).
/// What it does not do: it cannot know that a root belongs to a size. That is
/// the claim of the log's signature on the checkpoint, which every verifier
/// checks as well.
///
/// There is no proxy, no delete and no way to pause: nobody, the admin
/// included, can move a head other than forward. There is no transfer of the
/// admin's role either; let a multisig hold it from the start.
contract AnchorRegistry {
    struct Anchor {
        bytes32 logId;
        uint64 seq;
        uint64 size;
        bytes32 root;
        bytes32[] consistency;
    }

    // Three numbers share the first slot; the root takes the second.
    struct Head {
        uint64 seq;
        uint64 size;
        uint64 time;
        bytes32 root;
    }

    uint64 private constant MAX_SIZE = 2 ** 62;
    uint256 private constant MAX_PROOF = 63;

    /// @notice May grant and revoke, and nothing else.
    /// In storage, not immutable: so the code is the same at every address and
    /// can be compared with the published one.
    address public admin;

    mapping(bytes32 => Head) private heads;
    mapping(bytes32 => mapping(address => bool)) private submitters;

    event Anchored(
        bytes32 indexed logId, uint64 indexed seq, uint64 size, bytes32 root, uint64 time
    );
    event Granted(bytes32 indexed logId, address indexed submitter);
    event Revoked(bytes32 indexed logId, address indexed submitter);

    error NotAdmin(address caller);
    error NotSubmitter(bytes32 logId, address caller);
    error WrongSeq(bytes32 logId, uint64 expected, uint64 given);
    error ZeroRoot(bytes32 logId);
    error ZeroSize(bytes32 logId);
    error SizeTooLarge(bytes32 logId, uint64 given);
    error SmallerSize(bytes32 logId, uint64 head, uint64 given);
    error RootChanged(bytes32 logId, uint64 size);
    error ProofNotEmpty(bytes32 logId);
    error NotConsistent(bytes32 logId, uint64 head, uint64 given);
    error HashFailed();

    constructor(address admin_) {
        admin = admin_;
    }

    /// @notice Lets `submitter` anchor this log.
    function grant(bytes32 logId, address submitter) external {
        if (msg.sender != admin) revert NotAdmin(msg.sender);
        submitters[logId][submitter] = true;
        emit Granted(logId, submitter);
    }

    /// @notice Takes that right back.
    function revoke(bytes32 logId, address submitter) external {
        if (msg.sender != admin) revert NotAdmin(msg.sender);
        submitters[logId][submitter] = false;
        emit Revoked(logId, submitter);
    }

    /// @notice The newest anchor of a log; all zeros when there is none.
    function head(bytes32 logId)
        external
        view
        returns (uint64 seq, uint64 size, bytes32 root, uint64 time)
    {
        Head storage h = heads[logId];
        return (h.seq, h.size, h.root, h.time);
    }

    /// @notice Anchors one log.
    function anchor(
        bytes32 logId,
        uint64 seq,
        uint64 size,
        bytes32 root,
        bytes32[] calldata consistency
    ) external {
        extend(logId, seq, size, root, consistency);
    }

    /// @notice Anchors several logs, or none of them.
    function anchorMany(Anchor[] calldata anchors) external {
        for (uint256 i = 0; i < anchors.length; ++i) {
            Anchor calldata a = anchors[i];
            extend(a.logId, a.seq, a.size, a.root, a.consistency);
        }
    }

    function extend(
        bytes32 logId,
        uint64 seq,
        uint64 size,
        bytes32 root,
        bytes32[] calldata consistency
    ) private {
        if (!submitters[logId][msg.sender]) revert NotSubmitter(logId, msg.sender);
        Head storage h = heads[logId];
        uint64 oldSize = h.size;
        // A seq never gets near 2^64: each costs a transaction.
        if (seq != h.seq + 1) revert WrongSeq(logId, h.seq + 1, seq);
        if (root == 0) revert ZeroRoot(logId);
        if (size < oldSize) revert SmallerSize(logId, oldSize, size);
        if (size > MAX_SIZE) revert SizeTooLarge(logId, size);

        if (oldSize == 0) {
            if (size == 0) revert ZeroSize(logId);
            if (consistency.length != 0) revert ProofNotEmpty(logId);
            h.root = root;
        } else if (size == oldSize) {
            if (root != h.root) revert RootChanged(logId, size);
            if (consistency.length != 0) revert ProofNotEmpty(logId);
        } else {
            if (!extends(oldSize, h.root, size, root, consistency)) {
                revert NotConsistent(logId, oldSize, size);
            }
            h.root = root;
        }
        uint64 time = uint64(block.timestamp);
        h.seq = seq;
        h.size = size;
        h.time = time;
        emit Anchored(logId, seq, size, root, time);
    }

    /// RFC 9162, 2.1.4.2, for 0 < first < second. Names as there.
    function extends(
        uint64 first,
        bytes32 firstHash,
        uint64 second,
        bytes32 secondHash,
        bytes32[] calldata path
    ) private view returns (bool) {
        if (path.length == 0 || path.length > MAX_PROOF) return false;
        uint256 fn = first - 1;
        uint256 sn = second - 1;
        while (fn & 1 == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        // Where first is a power of two its root starts the path, unsent.
        uint256 i = 0;
        bytes32 fr = firstHash;
        if (first & (first - 1) != 0) {
            fr = path[0];
            i = 1;
        }
        bytes32 sr = fr;
        for (; i < path.length; ++i) {
            if (sn == 0) return false;
            bytes32 c = path[i];
            if (fn & 1 == 1 || fn == sn) {
                fr = node(c, fr);
                sr = node(c, sr);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                sr = node(sr, c);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && fr == firstHash && sr == secondHash;
    }

    /// SHA-256(0x01 || left || right) by the precompile at 0x02.
    function node(bytes32 left, bytes32 right) private view returns (bytes32 hash) {
        bool ok;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore8(p, 1)
            mstore(add(p, 1), left)
            mstore(add(p, 33), right)
            // The call and the look at its result are two statements: Yul
            // evaluates arguments from right to left, so in one expression the
            // length would be read before the call.
            ok := staticcall(gas(), 0x02, p, 65, 0, 32)
            ok := and(ok, eq(returndatasize(), 32))
            hash := mload(0)
        }
        if (!ok) revert HashFailed();
    }
}
